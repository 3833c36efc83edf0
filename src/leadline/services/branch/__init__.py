"""What others can read: the record branch, its exchange with a remote, the logbook in the tree,
permanent addresses.
"""
