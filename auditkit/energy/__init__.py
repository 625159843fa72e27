"""Energy and carbon: what it took, and on which grid."""
