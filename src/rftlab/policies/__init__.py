"""What is trained, prompted, saved and loaded: a causal language model in an ordinary Hugging Face directory."""
