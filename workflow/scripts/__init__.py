"""One thin command a rule: parse, call one library function, write."""
