"""Nothing: the place of its compiled form holds that of all other modules (``kept_modules.py``)."""
