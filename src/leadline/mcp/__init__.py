"""The face for agents that speak the Model Context Protocol: at most 14 tools over the verbs.

A tool is a verb with the names and arguments that the command line has, and each call is one run of
the program, so that both faces obey one set of rules, a call can be cancelled like a command, and no
call can leave anything behind in another. ``tools.py``: what there is; ``calls.py``: one call as a
process; ``server.py``: the protocol on standard input and output."""
