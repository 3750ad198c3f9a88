"""upgrade, downgrade, stamp: exactly the steps of the spec, in its order, after seeing that the database is where the plan starts."""

import time

from . import events
from .errors import Stop


class Run:
    """One pass through env.py. `steps_done` counts the revisions that have run."""

    def __init__(self, spec):
        self.spec, self.called = spec, False
        self.steps_done, self.position = 0, None

    def execute(self, config):
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        self.script = ScriptDirectory.from_config(config)
        options = {"purge": True} if self.spec.get("purge") else {}
        with EnvironmentContext(config, self.script, fn=self.steps, as_sql=False, destination_rev=self.destination(), **options):
            self.script.run_env()
        if not self.called:
            raise Stop("env_did_nothing", "env.py ended without running any migration: it never called context.run_migrations().")

    def destination(self):
        to = self.spec.get("to") or []
        return tuple(to) if len(to) > 1 else (to[0] if to else "base")

    def steps(self, heads, context):
        """A generator: Alembic asks for the next step when the one before is done, so both moments are seen as they happen."""
        self.called = True
        events.emit(
            "context",
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            dialect=context.dialect.name,
            heads=sorted(heads),
        )
        if sorted(set(heads)) != sorted(set(self.spec["from"])) and not self.spec.get("purge"):
            found, planned = ", ".join(sorted(heads)) or "base", ", ".join(self.spec["from"]) or "base"
            raise Stop("plan_changed", "The plan starts at %s, but the database is at %s." % (planned, found))
        for position, step in enumerate(self.migration_steps(heads), start=1):
            self.position, began = position, time.monotonic()
            events.emit("step_started", position=position, revision=self.revision_at(position))
            yield step
            self.steps_done = position
            events.emit("step_finished", position=position, revision=self.revision_at(position), duration_ms=(time.monotonic() - began) * 1000)
            self.position = None

    def revision_at(self, position):
        steps = self.spec["steps"]
        return steps[min(position, len(steps)) - 1]["revision"] if steps else ""

    def migration_steps(self, heads):
        if self.spec["command"] == "stamp":
            return self.script._stamp_revs(self.destination(), () if self.spec.get("purge") else heads)
        return [self.migration_step(step) for step in self.spec["steps"]]

    def migration_step(self, step):
        from alembic.runtime.migration import MigrationStep

        script = self.script.get_revision(step["revision"])
        if script is None or script.revision != step["revision"]:
            raise Stop("plan_changed", "Revision %s of the plan is not in the code any more." % step["revision"])
        make = MigrationStep.upgrade_from_script if step["direction"] == "upgrade" else MigrationStep.downgrade_from_script
        return make(self.script.revision_map, script)
