"""One verb a module; ports, core and render only."""
