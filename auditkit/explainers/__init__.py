"""How a prediction is shared out among the columns that a reviewer knows."""
