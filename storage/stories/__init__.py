"""Copies and near-copies of posts, found as they arrive: which of them are one story."""
