"""The demo: a small real research thread on compression, driven through the command line."""
