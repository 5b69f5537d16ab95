"""SQL over every table of a lake: in this process, or in one of its own that is bounded.

`run` gives DuckDB the tables and nothing else. DuckDB's own bounds leave gaps: a text or a
list that one function makes is counted by nobody, and cannot be interrupted. So `bounded`
asks a `worker`, a process that is ended where it takes more time or memory than it may.
"""

__all__ = ["LESS", "SPILLS"]

LESS = "Ask for less: filter by chrom and pos, or add a LIMIT."
"""What to do where a query takes too much."""
SPILLS = "medallion-query-"
"""What the name of a folder begins with that a query spills to."""
