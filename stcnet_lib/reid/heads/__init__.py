"""From maps of frames to the feature of their clip: one file a kind of `config/parts.py`, loaded when used.

A file has `build(settings, shape)`, where shape is (C, h, w) of a frame's map: a module from maps
(B·T, C, h, w) and T to features (B, D), at least in float32, which says D as `features`.
"""
