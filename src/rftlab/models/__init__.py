"""The stage that makes base models: from scratch, from a GGUF file, a directory or the model hub."""
