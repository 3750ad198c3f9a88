"""Measured figures, shown at the end of a run: a time that is only asserted is forgotten, one that is printed can be compared."""

from typing import Any

import pytest

FIGURES: list[str] = []


def note(text: str) -> None:
    FIGURES.append(text)


def pytest_sessionfinish(session: Any) -> None:
    """Where tests run side by side, each process hands over what it measured."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = FIGURES


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    FIGURES.extend(getattr(node, "workeroutput", {}).get("figures", ()))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if FIGURES:
        terminalreporter.section("figures")
    for text in sorted(FIGURES):
        terminalreporter.line(text)
