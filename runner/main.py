"""From the specification to the closing event."""

from __future__ import annotations

import os
import platform

from . import failures, process, project, seal
from .check import Check
from .commands import Migrate, Stamp
from .events import Events
from .every_dialect import EveryDialect
from .hooks import Guard
from .preview import Preview
from .propose import Propose
from .revise import Revise
from .spec import Spec

TASKS = {"upgrade": Migrate, "downgrade": Migrate, "stamp": Stamp, "check": Check, "preview": Preview, "propose": Propose, "revise": Revise}


def main() -> None:
    """Never returns: the process ends here, whatever the project has done to it."""
    process.die_with_parent()
    process.conceal()
    events = Events.from_environment()
    spec = Spec.read()
    process.close_standard_input()
    process.leave(Session(spec, events).run())


class Session:
    """One run; the boundary where anything a project throws becomes an error event."""

    def __init__(self, spec: Spec, events: Events) -> None:
        self.spec, self.events = spec, events
        self.task = None

    def run(self) -> int:
        try:
            self.work()
        except BaseException as error:  # SystemExit and KeyboardInterrupt included: a project must not end this quietly
            self.tell(error)
            return 1
        self.events.emit("closing", steps_done=self.task.steps_done)
        return 0

    def tell(self, error: BaseException) -> None:
        """A project that catches its own failure and then exits is told by the failure, not by the exit."""
        error = getattr(self.task, "failure", None) or error
        failures.report(error)
        self.events.emit("error", **failures.describe(error, self.spec.working_directory, getattr(self.task, "step", None)))

    def work(self) -> None:
        versions = project.load_alembic()
        self.events.emit("started", pid=os.getpid(), python=platform.python_version(), **versions)
        seal.verify(self.spec)
        if self.spec.command != "preview":
            seal.trust_no_cache(self.spec)
        project.enter(self.spec)
        self.task = (EveryDialect if self.spec.every_dialect else TASKS[self.spec.command])(self.spec, self.events)
        Guard(self.spec, self.events, process.leave).install()
        config = project.configuration(self.spec)
        with project.application(self.spec, config):
            self.task.run(config)
