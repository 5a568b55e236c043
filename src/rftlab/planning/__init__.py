"""From a study to its jobs: their paths, their configuration, the fingerprint of their code, what they will cost."""
