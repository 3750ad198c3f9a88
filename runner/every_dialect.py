"""The SQL of one revision, both ways, for each kind of database: its own functions run offline, after env.py has said how."""

from __future__ import annotations

import functools
import io

from . import commands, failures, offline, project
from .preview import NOTHING, Preview


class EveryDialect(Preview):
    """env.py runs once, for its settings and its own dialect; what it would hand to the revision is kept."""

    def __init__(self, spec, events) -> None:
        super().__init__(spec, events)
        self.calls = []

    def run(self, config) -> None:
        found, why = {}, ""
        try:
            found = self.written(config)
        except BaseException as error:  # whatever env.py or the file did
            failures.report(error)
            why = self.outside(error)
        self.events.emit("dialects", dialects=found, unavailable=why)

    def written(self, config) -> dict:
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        module = commands._script(script, self.spec.steps[0].revision).module
        options = {"starting_rev": tuple(self.spec.from_heads) or None, "destination_rev": project.target(self.spec), "tag": None}
        config.output_buffer = io.StringIO()
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=True, **options):
            script.run_env()
            if not self.calls:
                raise failures.Failure("env_did_nothing", NOTHING)
            return offline.for_each(self.calls[0][0], functools.partial(self.runs, module))

    def runs(self, module, way: str):
        """A file that several databases share is run once for each."""
        call = getattr(module, way, None)
        if call is None:
            raise failures.Failure("alembic", "the revision has no {}()".format(way))
        for _, arguments in self.calls:
            commands.require_run(call(**arguments), self.spec.steps[0].revision)

    def steps(self, _heads, context):
        found = commands._script(context.script, self.spec.steps[0].revision)
        step = commands._migration_step(context.script, found, "upgrade")
        step.migration_fn = functools.wraps(step.migration_fn)(lambda **arguments: self.calls.append((context, arguments)))
        yield step
