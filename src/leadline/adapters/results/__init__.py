"""Readers of results that were made elsewhere: tables, event files."""
