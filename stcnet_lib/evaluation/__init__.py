"""Evaluation: retrieval, its protocols and intervals, and localisation and completion against the truth."""
