"""The schema's history, one revision a file, run by schema.py and never by hand in production."""
