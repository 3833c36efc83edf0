"""Facts about the machine, its software and its accelerators, and what disturbed a run."""
