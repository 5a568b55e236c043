"""Data: a source (procedural family, JSONL files) becomes queries with splits. Standard library only."""
