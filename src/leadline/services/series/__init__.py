"""Points of a run: listed, read, plotted."""
