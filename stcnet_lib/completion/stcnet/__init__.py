"""STCnet (paper §3.2-3.4): generators, discriminators, losses, samples and training."""
