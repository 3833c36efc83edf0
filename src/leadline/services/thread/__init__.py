"""The life of a thread: start, adopt, check, finish."""
