"""Population genetics as pure functions of arrays: no files, no tables, no lake."""
