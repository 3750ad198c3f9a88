"""One run: read the specification, prepare the process, let Alembic work, say how it ended."""

import json
import os
import platform
import sys
import traceback

from . import check, commands, events, preview, process, project
from .errors import Stop, describe
from .hooks import Guard

EVENTS = "ALEMBIC_DASHBOARD_EVENTS_FD"
WATCH = "ALEMBIC_DASHBOARD_WATCH_FD"
PARENT = "ALEMBIC_DASHBOARD_PARENT"


def main():
    """Never returns. Exit status 0 after the closing event; 1 after an error event."""
    process.guard(int(os.environ.pop(PARENT, "0")))
    channel, watch = os.environ.pop(EVENTS, None), os.environ.pop(WATCH, None)
    events.open_channel(int(channel) if channel else None)
    if watch:
        process.watch(int(watch))
    spec = json.load(sys.stdin)
    process.close_stdin()
    process.leave(run(spec))


def run(spec):
    """Whatever the project's code throws, sys.exit included, is told as an error event; its traceback is log text."""
    work = None
    try:
        start(spec)
        project.enter(spec)
        config = project.configuration(spec)
        with project.application_context(spec):
            work = execute(spec, config)
    except BaseException as error:
        if not isinstance(error, Stop):
            traceback.print_exc()
        events.emit("error", **describe(error, spec["working_directory"]), step=getattr(error, "position", None))
        return 1
    events.emit("closing", steps_done=work.steps_done if work else 0)
    return 0


def start(spec):
    """Imports Alembic before the project's directory is on the path: a folder named alembic would stand in its place."""
    try:
        import alembic
        import sqlalchemy
    except ImportError as error:
        raise Stop("missing_module", "The interpreter %s has no %s. Install it there, or name another interpreter." % (sys.executable, error.name)) from None
    events.emit(
        "started", pid=os.getpid(), python=platform.python_version(), alembic=alembic.__version__, sqlalchemy=sqlalchemy.__version__
    )


def execute(spec, config):
    if spec["command"] == "preview":
        work = preview.Preview(spec)
        work.execute(config)
        return work
    if spec.get("identity"):
        Guard(spec).install()
    if spec["command"] == "check":
        check.execute(config)
        return None
    work = commands.Run(spec)
    work.execute(config)
    return work
