"""Figures with their ratios, taken in one run: `python -m benchmarks`."""
