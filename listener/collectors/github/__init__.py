"""GitHub: its searches, named repositories, and how it says that it was asked too often."""
