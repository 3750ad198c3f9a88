"""Measured figures, shown at the end of a run: a time that is only asserted is forgotten, one that is printed can be compared."""

from typing import Any

FIGURES: list[str] = []


def note(text: str) -> None:
    FIGURES.append(text)


def show(reporter: Any) -> None:
    """For `pytest_terminal_summary`; what was shown is not shown again."""
    if FIGURES:
        reporter.section("figures")
    for text in FIGURES:
        reporter.line(text)
    FIGURES.clear()
