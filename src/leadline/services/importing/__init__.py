"""Runs that were made elsewhere: from tables, event files, run folders and trackers."""
