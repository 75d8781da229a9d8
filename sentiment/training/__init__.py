"""How the shipped weights were made: labelled data in, weights and a model card out. The daemon runs none of it."""
