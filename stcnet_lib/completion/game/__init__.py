"""The game that completion networks learn by (paper §3.4-3.6): discriminators, guider, losses, one step."""
