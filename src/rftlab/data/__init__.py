"""Data: a source (procedural family, files, hub dataset) becomes queries with splits, and they are checked."""
