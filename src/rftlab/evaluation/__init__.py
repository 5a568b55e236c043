"""THE EVALUATION: outcomes, query by query, of every checkpoint, and the one format of the files that hold them."""
