"""Tables on disk: Delta tables, the snapshot of a layer, fingerprints and the lock."""
