"""Arrays in, arrays out: bounds, tests, planning. No frames, no files, no hidden randomness."""
