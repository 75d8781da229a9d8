"""Feeds: from the bytes of a document to posts, and what stretch of time they stand for."""
