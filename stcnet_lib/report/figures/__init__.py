"""Pictures of the report: one a file, all in the style of `style.py`."""
