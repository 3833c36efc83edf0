"""Judging: comparisons, baselines, claims, hypotheses, regressions."""
