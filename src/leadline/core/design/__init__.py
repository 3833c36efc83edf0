"""Which runs are meant: cells, their order, blocks in turns, and what of it is done."""
