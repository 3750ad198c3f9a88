"""What autogenerate found, object by object, in words: `structured` turns the runner's operations into entries. Pure functions."""

from migrations_store.differences.entries import Entry, structured
from migrations_store.differences.warnings import blind_spots, not_covered, red_flags

__all__ = ["Entry", "blind_spots", "not_covered", "red_flags", "structured"]
