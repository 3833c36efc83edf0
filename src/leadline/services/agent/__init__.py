"""What an agent's program asks of Leadline between its own steps, and how it is told to ask."""
