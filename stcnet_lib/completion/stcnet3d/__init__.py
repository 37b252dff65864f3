"""STCnet with 3-D convolutions and a non-local block over windows of frames; not in the paper."""
