"""Frames and clips on their way to a network."""
