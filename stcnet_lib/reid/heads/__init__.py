"""From maps of frames to the feature of their clip: one file a kind of `config/parts.py`, loaded when used.

A file has `build(settings, shape)`, where shape is (C, h, w) of a frame's map: a module from maps
(B·T, C, h, w) and T to features (B, D), at least in float32, which says D as `features`. It may have more:

    penalties                    given back beside the features, by name: scalars that the training adds to
                                 its loss, weighted already
    combine                      from the features (n, D) of a tracklet's clips and their lengths (n,), in
                                 frames, to one feature (D,); without it all frames count the same

Its row in `config/parts.py` says whether tests want clips such as those of the training (`as_trained`).
"""
