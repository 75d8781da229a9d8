"""YouTube: its search within a day's quota, comments, channels, kept posts looked at again."""
