"""What drives the model's answers."""
