"""Bronze: the source's bytes, unchanged, with where they came from."""
