"""upgrade, downgrade and stamp: exactly the planned steps, or nothing."""

from __future__ import annotations

import functools
import inspect
import time

from . import project, seal, targets
from .failures import Failure


class Run:
    """One call of env.py. `failure` keeps what broke even if env.py hides it; `step` is the revision that was being run."""

    def __init__(self, spec, events) -> None:
        self.spec, self.events = spec, events
        self.step = None
        self.failure = None
        self.called = self.finished = 0
        self.steps_done = 0

    def run(self, config) -> None:
        """Drives env.py; an exception or a silent end is the failure of the run."""
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        options = {"starting_rev": None, "destination_rev": project.target(self.spec), "tag": None, **self.options()}
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=False, **options) as environment:
            run_migrations = environment.run_migrations

            def run(**arguments):
                """Alembic makes its version table, or empties it for a purge, before it asks for the first step."""
                self.require_version_table(environment.get_context())
                run_migrations(**arguments)

            environment.run_migrations = run
            script.run_env()
        self.conclude()

    def options(self) -> dict:
        """Further options of Alembic's context."""
        return {}

    def migrations(self, heads, context):
        """What Alembic runs, a generator: each step is asked for when the one before it is done."""
        self.called += 1
        self.events.emit(
            "context",
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            dialect=context.dialect.name,
            heads=list(heads),
        )
        self.require_version_table(context)
        try:
            yield from self.steps(heads, context)
        except Exception as error:
            self.failure = self.failure or error
            raise
        self.finished += 1

    def steps(self, heads, context):
        raise NotImplementedError

    def require_version_table(self, context) -> None:
        """env.py has to keep the version where the dashboard reads it; else every step would run, and count as none.

        Where the profile names a schema, env.py may work in several of them, one after the other: then the verdict tells."""
        ours, theirs = self.spec.version_table, context.version_table
        if not ours or context.as_sql:
            return
        schema, there = self.spec.version_table_schema, context.version_table_schema
        read = self.spec.search_path or [getattr(context.dialect, "default_schema_name", None)]
        if self.spec.search_path and not schema and not there:
            there = targets.beneath(context.connection).schema_of(theirs)  # env.py may have set another search_path
        if ours != theirs or (there and not schema and there not in read):
            text = "env.py keeps the version in {}, and the settings of this database name {}. Nothing was run."
            self.failure = Failure("version_elsewhere", text.format(_table(there, theirs), _table(schema, ours)))
            raise self.failure

    def require(self, heads) -> bool:
        """Whether there is work to do: the database must be where the plan begins, or already where an earlier call brought it."""
        found, planned = sorted(heads), sorted(self.spec.from_heads)
        if found == planned:
            return True
        if self.finished and found == sorted(self.spec.to_heads):  # env.py runs the migrations twice
            return False
        text = "The plan starts at {}, but env.py sees the database at {}."
        raise Failure("plan_changed", text.format(", ".join(planned) or "base", ", ".join(found) or "base"))

    def conclude(self) -> None:
        """After env.py has ended: whatever it hid comes out here."""
        if self.failure is not None:
            raise self.failure
        if not self.called:
            raise Failure("env_did_nothing", "env.py ended without running any migrations: it never called context.run_migrations().")
        if self.finished < self.called:
            raise Failure("project_error", "env.py stopped in the middle of the migrations and hid why.")


class Migrate(Run):
    """upgrade and downgrade."""

    def steps(self, heads, context):
        if not self.require(heads):
            return
        seal.verify(self.spec)  # once more, right before the first step
        script = context.script
        # Every id and every function, before the first step: Alembic, too, undoes nothing if a later downgrade() is missing.
        found = [_migration_step(script, _script(script, step.revision), step.direction) for step in self.spec.steps]
        for position, (step, runs) in enumerate(zip(self.spec.steps, found), 1):  # noqa: B905 - not in Python 3.9
            self.step = step.revision
            self.events.emit("step_started", position=position, revision=step.revision)
            start = time.monotonic()
            yield self.watched(runs)
            self.steps_done = max(self.steps_done, position)
            self.events.emit("step_finished", position=position, revision=step.revision, duration_ms=_ms(start))
        self.step = None

    def watched(self, step):
        """Keeps what the revision raises, env.py may swallow it."""
        migrate = step.migration_fn

        @functools.wraps(migrate)  # Alembic's log calls the step by this name
        def run(**options):
            try:
                require_run(migrate(**options), self.step)
            except BaseException as error:
                self.failure = self.failure or error
                raise

        step.migration_fn = run
        return step


class Stamp(Run):
    """Moves the version and runs nothing; the plan's steps are told as one."""

    def options(self) -> dict:
        return {"purge": True} if self.spec.purge else {}

    def steps(self, heads, context):
        if not self.spec.purge and not self.require(heads):  # a purged version table has no heads any more
            return
        seal.verify(self.spec)
        start = time.monotonic()
        for position, step in enumerate(self.spec.steps, 1):
            self.events.emit("step_started", position=position, revision=step.revision)
        yield from context.script._stamp_revs(tuple(self.spec.to_heads) or "base", tuple(heads))
        for position, step in enumerate(self.spec.steps, 1):
            self.events.emit("step_finished", position=position, revision=step.revision, duration_ms=_ms(start))
        self.steps_done = len(self.spec.steps)


def _table(schema, name: str) -> str:
    return "{}.{}".format(schema, name) if schema else name


def _script(script, revision: str):
    """A revision by its whole id; Alembic would also take a part of one."""
    from alembic.util import CommandError

    try:
        found = script.get_revision(revision)
    except CommandError as error:
        if "locate" not in str(error):  # something else is wrong with the code
            raise
        found = None
    if found is None or found.revision != revision:
        raise Failure("plan_changed", "The revision {} of the plan is not in the code.".format(revision))
    return found


def _migration_step(script, revision, direction: str):
    from alembic.runtime.migration import MigrationStep

    make = MigrationStep.downgrade_from_script if direction == "downgrade" else MigrationStep.upgrade_from_script
    try:
        return make(script.revision_map, revision)
    except AttributeError:
        text = "Revision {} has no {}(), so this step cannot be run."
        raise Failure("no_downgrade" if direction == "downgrade" else "project_error", text.format(revision.revision, direction)) from None


def require_run(returned, revision: str) -> None:
    """Alembic throws away what a function returns: one that is `async`, or has a `yield`, would move the version and do nothing else."""
    if inspect.iscoroutine(returned):
        returned.close()  # Python would complain in the log that nobody awaited it
    elif not inspect.isgenerator(returned) and not inspect.isasyncgen(returned):
        return
    text = "The function of revision {} is async or has a yield, so that calling it runs nothing. Write it as an ordinary function."
    raise Failure("project_error", text.format(revision))


def _ms(start: float) -> float:
    return round((time.monotonic() - start) * 1000, 1)
