"""Programs that run in another Python, by path: nothing beside them may have the name of a package
they import."""
