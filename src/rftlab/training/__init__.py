"""Training: the loop (``train``), the update rule (``update``), and how a killed run goes on (``resume``)."""
