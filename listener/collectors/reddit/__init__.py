"""Reddit: its lists and its search, its things, its kept posts looked at again."""
