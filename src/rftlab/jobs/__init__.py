"""How a stage lives under Snakemake: how it starts, what it is told, what ends it, what a killed one left behind."""
