"""Ways to fill a flagged region, one a file; `config/methods.py` names them. Each has `filler`."""
