"""Faults made on purpose, many times over: what is lost, said falsely, leaked, or ends in a traceback.

A module here that defines `FAULTS` is one kind of fault. `python -m tests.campaign` makes them all in
full and writes the table of `docs/reliability.md`; `make test-all` makes a share of each.
"""
