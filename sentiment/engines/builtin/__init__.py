"""The built-in engine: many languages, no download, and nothing but the standard library and VADER when it judges."""
