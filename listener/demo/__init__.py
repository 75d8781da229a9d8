"""A small invented world to listen to without a network: four brands, five languages, and a crisis on the way."""
