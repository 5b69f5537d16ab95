"""SQL over every table of a lake: in this process, or in one of its own that is bounded.

`run` gives DuckDB the tables and nothing else. DuckDB's own bounds leave gaps: a text or a
list that one function makes is counted by nobody, and cannot be interrupted. So `bounded`
asks a `worker`, a process that is ended where it takes more time or memory than it may.
"""
