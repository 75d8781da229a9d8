"""Mastodon: timelines of several servers, their streams and their search."""
