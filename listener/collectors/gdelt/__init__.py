"""GDELT: its search for articles, and its counts of a day."""
