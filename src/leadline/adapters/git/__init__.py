"""The version-control port, on the git program."""
