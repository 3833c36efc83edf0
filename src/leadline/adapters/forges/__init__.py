"""Where the experiment issue lives; ``registry`` names them."""
