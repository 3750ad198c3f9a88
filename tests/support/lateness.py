"""What is done about a test for which the machine was too busy.

Where many tests run side by side, one that bounds a time may fail for want of a processor. `script/test` names the file LATE_TESTS; where
nothing but time failed it then holds the ids of those tests, which the script tries once more, alone, and names. One other failure, and
nothing is tried again: a race, a deadlock or a wrong word stays red.
"""

import os
import re
from pathlib import Path
from typing import Any

LATE = re.compile(
    r"waited [\d.]+ s in vain"  # tests.support.patience
    r"|Timeout \(?>?[\d.]+m?s"  # a test's own limit, a browser's
    r"|with timeout [\d.]+ms"  # what a browser was to show
    r"|TimeoutError|TimeoutExpired"
    r"|^(AssertionError: )?assert \(?\d+\.\d+( - \d+\.\d+\))? <=? [\d.]+(\n|$)"  # a measured time above its bound
)
only_late: dict[str, bool] = {}


def pytest_runtest_logreport(report: Any) -> None:
    """Heard in each process, and of all of them in the one that leads a parallel run."""
    if report.failed:
        crash = getattr(report.longrepr, "reprcrash", None)
        late = crash is not None and LATE.search(crash.message) is not None
        only_late[report.nodeid] = only_late.get(report.nodeid, True) and late


def pytest_sessionfinish(session: Any) -> None:
    told = os.environ.get("LATE_TESTS")
    if told and only_late and all(only_late.values()) and not hasattr(session.config, "workeroutput"):
        Path(told).write_text("".join(f"{nodeid}\n" for nodeid in sorted(only_late)))
