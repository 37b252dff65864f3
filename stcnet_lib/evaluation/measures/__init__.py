"""Measures against the truth: flags, completions, damage."""
