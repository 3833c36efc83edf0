"""Files of a run: found, kept, written out."""
