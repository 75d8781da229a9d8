"""The query language of a brand, and the matcher: which brands a post names."""
