"""RECORD: hash-chained entries of who did what, and their verification."""
