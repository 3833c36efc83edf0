"""One module or folder a tracker; ``registry`` names them. They know nothing of each other."""
