"""Numbers and ids in prose: citations, numbers bound to no run, words that overclaim."""
