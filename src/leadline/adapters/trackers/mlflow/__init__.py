"""MLflow: its files and its server."""
