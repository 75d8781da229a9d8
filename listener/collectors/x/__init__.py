"""X, which is asked for money: counts first, then a sample, under a budget of the day."""
