"""Pictures: SVG, and characters for a terminal."""
