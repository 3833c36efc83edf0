"""The tracker that is a folder: run folders that say what they are."""
