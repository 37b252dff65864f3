"""Measurements that are no tests: `python -m benchmarks.NAME` prints what docs/walkers.md and
docs/benchmarks.md state."""
