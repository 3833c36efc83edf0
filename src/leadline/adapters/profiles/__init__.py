"""Profiles by name: shipped here as files, beside the records, in the checkout, or in packages."""
