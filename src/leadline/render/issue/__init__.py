"""The body of the experiment issue and its comments, cut to what a forge takes."""
