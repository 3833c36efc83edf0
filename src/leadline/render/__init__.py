"""Words and pictures from core values. Computes nothing that two of its rooms need."""
