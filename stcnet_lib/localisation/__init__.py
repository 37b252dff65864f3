"""Finding hidden thirds: clues, detectors, scores and thresholds (paper §3.1)."""
