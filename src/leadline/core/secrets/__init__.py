"""What must not be written: values of the environment, tokens in text, names of files that hold
secrets.

Gets text, names or environments; gives redacted text or a verdict. Reads nothing itself.
"""
