"""The parts of every training: the one loop, state, history and schedule."""
