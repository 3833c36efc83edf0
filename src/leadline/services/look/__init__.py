"""Reading verbs: status, brief, next, tried, show."""
