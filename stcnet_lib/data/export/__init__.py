"""A data set written back in the layout of its source."""
