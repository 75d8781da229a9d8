"""What people decide while it runs: one kind of record a file, with who, when and why."""
