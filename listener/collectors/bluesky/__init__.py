"""Bluesky, live: its stream, its accounts, its search."""
