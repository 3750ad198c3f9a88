"""The SQL of each step, as Alembic's offline mode writes it. Evidence, not the plan: where it cannot be had, a sentence says why."""

from __future__ import annotations

import functools
import io

from . import commands, failures, project
from .hooks import OfflineConnectionError

NOTHING = "The project's env.py wrote no SQL in offline mode."
READS = "This revision looks at the database while it runs, so its SQL cannot be known beforehand ({})."
BROKEN = "This revision could not be written as SQL: {}."
OUTSIDE = "The project's code failed before this revision could be written as SQL: {}."
SPEAKING = (OfflineConnectionError, failures.Failure)  # whose words are whole sentences


class Preview(commands.Migrate):
    """A step that cannot be written is passed over, and the others go on."""

    def __init__(self, spec, events) -> None:
        super().__init__(spec, events)
        self.sql = {}
        self.unavailable = {}

    def run(self, config) -> None:
        reason = NOTHING
        try:
            self.write(config)
        except BaseException as error:  # whatever env.py did, the plan stands without its SQL
            failures.report(error)
            reason = self.outside(error)
        self.events.emit("preview", steps=[self.result(step.revision, reason) for step in self.spec.steps])

    def write(self, config) -> None:
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        start = tuple(self.spec.from_heads) or None
        options = {"starting_rev": start, "destination_rev": project.target(self.spec), "tag": None}
        config.output_buffer = io.StringIO()  # what env.py writes before and after the steps is not shown
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=True, **options):
            script.run_env()

    def steps(self, heads, context):
        self.require(heads)
        script = context.script
        if self.spec.preview_direction == "stamp":
            yield from self.stamps(heads, context)
            return
        for step in self.spec.steps:
            found = commands._script(script, step.revision)
            context.impl.output_buffer = buffer = io.StringIO()
            yield self.passed_over(step.revision, commands._migration_step(script, found, step.direction))
            self.sql[step.revision] = buffer.getvalue().strip()
        context.impl.output_buffer = io.StringIO()

    def stamps(self, heads, context):
        context.impl.output_buffer = buffer = io.StringIO()
        yield from context.script._stamp_revs(tuple(self.spec.to_heads) or "base", tuple(heads))
        self.sql.update({step.revision: buffer.getvalue().strip() for step in self.spec.steps})

    def passed_over(self, revision: str, step):
        migrate = step.migration_fn

        @functools.wraps(migrate)
        def run(**options):
            try:
                commands.require_run(migrate(**options), revision)
            except BaseException as error:
                self.unavailable[revision] = self.sentence(error)

        step.migration_fn = run
        return step

    def result(self, revision: str, reason: str) -> dict:
        missing = self.unavailable.get(revision) or (None if self.sql.get(revision) else reason)
        return {"revision": revision, "sql": None if missing else self.sql[revision], "sql_unavailable": missing}

    def sentence(self, error: BaseException) -> str:
        """Of what a revision itself raised."""
        if isinstance(error, SPEAKING):
            return failures.message(error)
        return (READS if failures.is_reading(error) else BROKEN).format(_told(error))

    def outside(self, error: BaseException) -> str:
        """Of what ended the run: env.py, or a file that cannot be loaded. It holds for each revision, and is the fault of none."""
        if isinstance(error, SPEAKING):
            return failures.message(error)
        file, line = failures.place(error, self.spec.working_directory)
        return OUTSIDE.format(_told(error) + (" ({}, line {})".format(file, line) if file else ""))


def _told(error: BaseException) -> str:
    return "{}: {}".format(type(error).__name__, failures.message(error).splitlines()[0][:300].rstrip("."))
