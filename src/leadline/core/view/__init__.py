"""What is shown of a thread, computed once: results, baseline, negatives, next action. Wording is render's."""
