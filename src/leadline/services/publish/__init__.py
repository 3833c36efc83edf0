"""What follows from a record: logbook, record branch, issue. ``follow`` is the page to read first."""
