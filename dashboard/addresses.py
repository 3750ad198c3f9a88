"""Addresses of pages: a list asks for hundreds of them, the same ones each time, and to build one takes longer than to draw its row."""

from functools import lru_cache
from typing import Any

from django.urls import reverse


@lru_cache(maxsize=8192)
def address(name: str, *arguments: Any) -> str:
    """As `reverse`, for what identifies a row; addresses hold no language and no host."""
    return reverse(name, args=arguments)
