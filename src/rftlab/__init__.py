"""rftlab: which design choices of reinforcement fine-tuning matter, and for what."""

__version__ = "0.1.0"
