"""Carbon: the energy of the model and what it emits."""
