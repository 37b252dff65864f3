"""Occluders pasted over the tracklets of any data set, so that what they hide is known.

Nobody has labelled which thirds of MARS or of one's own crops are hidden, so nobody can say there whether
flags are right and restoration helps. Here the truth is made: `pieces.py` has the occluders (the walkers'
own sprites, and people cut out of other tracklets), `schedule.py` says when and where they pass,
`photograph.py` pastes them, and `stores.py` writes a planted store beside its clean twin, in the form of the
walkers' `truth.h5`. `probe.py` plants in the train split, for detectors and thresholds to learn from.
"""
