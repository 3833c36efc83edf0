"""The pages of the record branch: the index of threads, bundles of snapshots, badges."""
