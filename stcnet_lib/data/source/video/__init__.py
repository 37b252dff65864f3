"""Tracklets out of one's own videos and boxes."""
