"""The logbook: its header, an entry a record, excerpts of series."""
