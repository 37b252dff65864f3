"""Networks that complete a frame by itself, one a file: what can be had without looking at other frames."""
