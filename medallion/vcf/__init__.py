"""Reading VCF fast and exactly: blocks, header, sites, genotypes, defects.

Nothing here knows of lakes or tables; it turns bytes of a file into columns.
"""
