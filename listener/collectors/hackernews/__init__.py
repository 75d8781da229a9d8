"""Hacker News: its search by date, its items, its past."""
