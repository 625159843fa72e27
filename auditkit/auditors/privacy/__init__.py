"""Privacy: what the records and the model give away."""
