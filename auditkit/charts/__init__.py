"""Drawings of evidence. The only home of matplotlib; nothing here computes a measure."""
