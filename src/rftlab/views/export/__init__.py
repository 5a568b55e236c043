"""What a paper takes of a study: its verdicts as a LaTeX table and as CSV, its figures as PDF."""
