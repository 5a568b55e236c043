"""The files of a study under results/, as training writes them and as tables and views read them."""
