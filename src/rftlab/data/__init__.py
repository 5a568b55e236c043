"""Data: a source (procedural family, files, hub dataset) becomes queries with splits. Standard library only.

Parquet files, hub datasets and reasoning-gym families import what reads them when they are read.
"""
