"""What the pages share: the chosen lake, cached reads, background builds, panels.

The data comes from files that anyone may have written. Nothing of it is shown with a
call that reads Markdown or HTML: text goes through st.text, st.code, st.dataframe or the
figures, which escape it.
"""
