"""Points on disk: segments, and Parquet where asked."""
