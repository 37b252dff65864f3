"""The packed data set: tracklets, frames and their bytes."""
