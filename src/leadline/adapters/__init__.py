"""Implementations of the ports; each family knows nothing of the others."""
