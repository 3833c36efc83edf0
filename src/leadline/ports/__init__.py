"""Protocols with their obligations in the docstring; ``testing`` holds them as tests."""
