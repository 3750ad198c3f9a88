"""What is done about a test for which the machine was too busy.

Where many tests run side by side, one that bounds a time may fail for want of a processor. `script/test` names the file LATE_TESTS; where
nothing but time failed it then holds the ids of those tests, which the script tries once more, alone, and names. One other failure, a file
that cannot be read or a process that is gone, and nothing is tried again. What waits in vain for another reason looks late too: so what the
script names is to be looked into, even where it passes alone.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest

LATE = re.compile(
    r"^(AssertionError: )?waited [\d.]+ s in vain"  # tests.support.patience
    r"|^playwright\S*TimeoutError: |^AssertionError: (Locator|Page) expected .* with timeout [\d.]+ms"
    r"|^subprocess\.TimeoutExpired: "
    r"|^(AssertionError: )?assert \(?\d+\.\d+( - \d+\.\d+\))? <=? [\d.]+(\n|$)",  # a measured time above its bound
    re.DOTALL,
)
only_late: dict[str, bool] = {}


def pytest_runtest_logreport(report: Any) -> None:
    """Heard in each process, and of all of them in the one that leads a parallel run."""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        late = crash is not None and LATE.search(crash.message) is not None
        only_late[report.nodeid] = only_late.get(report.nodeid, True) and late


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        only_late[report.nodeid] = False


def pytest_internalerror() -> None:
    only_late["pytest"] = False


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    if error:
        only_late[str(node)] = False


def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    told = os.environ.get("LATE_TESTS")
    leads = not hasattr(session.config, "workeroutput")
    if told and leads and exitstatus == pytest.ExitCode.TESTS_FAILED and only_late and all(only_late.values()):
        Path(told).write_text("".join(f"{nodeid}\n" for nodeid in sorted(only_late)))
