"""Starts a program of the dashboard with the harness's hands in it: `python -m crash.launcher celery …`.

Failpoints and broken variants exist here alone. The product knows nothing of them, so nothing can switch them on in it.
"""

import os
import runpy
import sys
from pathlib import Path

import django

RUNNER = Path(__file__).resolve().parent / "runner.py"


def main() -> None:
    sys.argv = sys.argv[1:]
    django.setup()
    prepare(os.environ.get("CRASH_BREAK", ""))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def prepare(broken: str) -> None:
    from crash import breaks, failpoints  # they import rooms, which need the settings
    from crash.processes import MARK
    from jobs import supervisor

    told = {name: os.environ[name] for name in (MARK, "CRASH_BREAK") if name in os.environ}
    environment = supervisor.environment
    supervisor.environment = lambda *arguments, **named: environment(*arguments, **named) | told
    supervisor.RUNNER = RUNNER
    failpoints.install(failpoints.POINTS)
    breaks.install(broken)


if __name__ == "__main__":
    main()
