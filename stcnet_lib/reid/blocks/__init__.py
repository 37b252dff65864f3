"""What goes between a backbone's blocks: one file a kind of `config/parts.py`, loaded when used.

A file has `build(settings, channels)`: a module from maps (B·T, C, h, w) and T to maps of the same shape.
"""
