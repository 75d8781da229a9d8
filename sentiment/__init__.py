"""JUDGE: texts in, labels out. Knows nobody else in the house."""
