"""Measurements that are no tests: `python -m benchmarks.NAME` prints what docs/walkers.md states."""
