"""What starts jobs. They know nothing of each other."""
