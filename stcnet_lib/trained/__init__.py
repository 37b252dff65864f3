"""What a finished run has learned, put to other data without a workflow."""
