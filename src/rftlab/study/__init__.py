"""THE DESIGN: a study file → schema → variants and runs. Everything that can be refused is refused here."""
