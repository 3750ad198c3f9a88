"""Failpoints: a named place in a named function where a process kills itself, once, when a file of that name is there.

Plain Python without imports of ours: the runner's side is loaded into a project's interpreter.
"""

import functools
import importlib
import os
import signal
from pathlib import Path


class Point:
    """`where` is "module:function" or "module:Class.method"; `side` is before or after the call; `only` names the value that one of
    the call's arguments has to have."""

    def __init__(self, name, where, side, only=None):
        self.name, self.where, self.side, self.only = name, where, side, only


RUNNER_POINTS = [
    Point("runner-before-identity", "hooks:Guard.prove", "before"),
    Point("runner-after-identity", "hooks:Guard.prove", "after"),
    Point("runner-after-lock", "hooks:Guard.lock", "after"),
    Point("runner-at-context", "events:Events.emit", "after", "context"),
    Point("runner-at-first-statement", "hooks:Guard.before_statement", "before"),
    Point("runner-revision-begins", "events:Events.emit", "after", "step_started"),
    Point("runner-revision-done", "events:Events.emit", "before", "step_finished"),
    Point("runner-revision-told", "events:Events.emit", "after", "step_finished"),
    Point("runner-before-closing", "events:Events.emit", "before", "closing"),
    Point("runner-after-closing", "events:Events.emit", "after", "closing"),
]


def reach(name):
    """Dies here if the point is armed; whoever takes the file away is the one."""
    place = os.environ.get("CRASH_DIR")
    if not place:
        return
    try:
        (Path(place) / "armed" / name).unlink()
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def install(points, package=""):
    """Wraps the functions; a name that is not there any more is an error at once."""
    for point in points:
        module_name, _, path = point.where.partition(":")
        owner = importlib.import_module(f"{package}.{module_name}" if package else module_name)
        *parents, last = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, last, wrapped(getattr(owner, last), point))


def wrapped(function, point):
    def applies(arguments, named):
        return point.only is None or point.only in arguments or point.only in named.values()

    @functools.wraps(function)
    def run(*arguments, **named):
        if point.side == "before" and applies(arguments, named):
            reach(point.name)
        result = function(*arguments, **named)
        if point.side == "after" and applies(arguments, named):
            reach(point.name)
        return result

    return run
