"""Questions that only people can answer: the review board's, and those of the technical file."""
