"""A run as a tracker or another record has it: readings, run folders, imports, disagreement."""
