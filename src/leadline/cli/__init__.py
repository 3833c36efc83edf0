"""The command line: a table of verbs, parsing, one module a verb in ``commands``. No rules of the
domain here.
"""
