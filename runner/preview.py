"""The SQL of each step, by Alembic's offline mode; a step that cannot be told says why, and the others are still told."""

import io
import re

from . import events
from .commands import Run
from .errors import Stop, message_of
from .hooks import refuse_connections

NEEDS_DATA = "This step reads from the database, so its SQL is known only when it runs (%s)."


class Preview(Run):
    """One pass through env.py in offline mode, from the plan's start."""

    def __init__(self, spec):
        super().__init__(spec)
        self.buffer, self.told = io.StringIO(), []

    def execute(self, config):
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        refuse_connections()
        config.output_buffer = self.buffer
        self.script = ScriptDirectory.from_config(config)
        start = self.spec["from"]
        starting = tuple(start) if len(start) > 1 else (start[0] if start else "base")
        try:
            with EnvironmentContext(config, self.script, fn=self.steps, as_sql=True, starting_rev=starting, destination_rev=self.destination()):
                self.script.run_env()
        finally:
            self.tell()
        if not self.called:
            raise Stop("env_did_nothing", "env.py ended without writing any SQL.")

    def steps(self, heads, context):
        self.called = True
        for step, migration in zip(self.spec["steps"], self.migration_steps(heads)):
            began = self.buffer.tell()
            failure = guarded(migration)
            yield migration
            self.note(step["revision"], began, failure)

    def note(self, revision, began, failure):
        sql = self.buffer.getvalue()[began:].strip()
        unavailable = NEEDS_DATA % failure[0] if failure else None
        self.told.append({"revision": revision, "sql": None if unavailable else sql, "sql_unavailable": unavailable})

    def tell(self):
        events.emit("preview", steps=self.told)


def guarded(migration):
    """Lets the migration fail alone: its error is kept in the returned list, and the next step can still be told."""
    failure, run = [], migration.migration_fn

    def attempt(**options):
        try:
            run(**options)
        except Exception as error:
            failure.append(re.sub(r"\s+", " ", "%s: %s" % (type(error).__name__, message_of(error)))[:300])

    attempt.__name__ = run.__name__  # Alembic's log line names the function
    migration.migration_fn = attempt
    return failure
