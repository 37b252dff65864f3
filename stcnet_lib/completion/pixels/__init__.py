"""Completion of hidden pixels, where the paper completes thirds: what is visible beside them stays.

A filler of pixels is given a hole at a time (`holes.Hole`): a frame, what is hidden of it, and the other
frames of its tracklet as they lie on it, of which every pixel is known to be visible or not.
"""
