"""Training: device and precision, exact resume, the re-ID loop and the STCnet loop."""
