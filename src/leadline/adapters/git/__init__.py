"""The version-control port, on the git program."""

from leadline.adapters.git.repo import Git

__all__ = ["Git"]
