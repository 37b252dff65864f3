"""One page that says what a run found, for readers who have not read the paper; it needs no other file."""
