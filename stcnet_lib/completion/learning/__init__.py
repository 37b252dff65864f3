"""What networks of all kinds learn from, how they are trained, and how their skill is measured."""
