"""Stack Exchange: one service of many sites, its quota, its posts."""
