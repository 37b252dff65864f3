"""Masks of pixels: what hides a person, pixel by pixel, where the paper has thirds."""
