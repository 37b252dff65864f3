"""The parts of every training: state, history and schedule."""
