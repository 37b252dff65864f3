"""Tracklets on disk and on their way into a network."""
