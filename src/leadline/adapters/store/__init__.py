"""The record on disk: event files, blobs, the read model, markers of runs under way."""
