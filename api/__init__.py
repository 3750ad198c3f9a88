"""FACE: the same nouns for programs, under /api/v1."""
