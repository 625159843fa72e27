"""Who was assessed and what happened to them, by category: what a bias audit's tables are made of."""
