"""What leaves this machine: bundles, addresses of a remote, whether a logbook only grew."""
