"""Environment variables that Snakemake hands to its jobs: what no result depends on, so that it is no param."""

STUDY = "RFTLAB_STUDY"
"""The study files that a job belongs to, as a shell takes them: messages name them."""

STATE_CONFIG = "RFTLAB_STATE"
"""The study's section ``state``, as JSON."""

SUPERVISOR = "RFTLAB_SUPERVISOR"
"""``host:pid`` of the Snakemake that runs the stage."""

SERVER = "RFTLAB_WARMSTART"
"""Folder of the socket of the server that forks stages."""

DEVICES = "RFTLAB_DEVICES"
"""CUDA devices of which a job takes one, as JSON: name → file of its lock."""
