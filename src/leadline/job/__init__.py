"""What runs inside a job: standard library only, imports nothing else of Leadline."""
