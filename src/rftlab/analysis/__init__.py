"""Outcomes → metrics, estimates, verdicts, tables: arrays in, numbers out."""
