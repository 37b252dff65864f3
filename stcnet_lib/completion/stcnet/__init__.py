"""STCnet (paper §3.2-3.3): generators, training and filling."""
