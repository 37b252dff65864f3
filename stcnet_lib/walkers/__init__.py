"""Walkers: a synthetic video re-ID data set in which the truth behind every occluder is known."""
