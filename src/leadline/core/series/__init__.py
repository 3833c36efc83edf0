"""Points over steps: their values, the segments they lie in, fewer of them for a view."""
