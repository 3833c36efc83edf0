"""What is written by hand: notes, decisions, metrics, corrections, retractions."""
