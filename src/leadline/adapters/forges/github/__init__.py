"""GitHub and GitHub Enterprise, by their REST interface."""
