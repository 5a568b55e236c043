"""Two studies side by side: what their effects are, and what was done differently."""
