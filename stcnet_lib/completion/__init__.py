"""Restoring flagged thirds (paper §3.2-3.5): references, methods, judges; `stcnet/`: the network."""
