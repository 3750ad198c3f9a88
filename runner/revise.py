"""Revisions that need no comparison: an empty one, a merge, a head on another parent, and a file that a person has edited.

Nothing is connected to and nothing is written. env.py runs in offline mode, for its settings and for templates that want it.
"""

from __future__ import annotations

import io

from . import commands, failures, moving, offline, renaming, texts, writing
from .propose import revision_options


class Revise(commands.Run):
    """`spec.proposal` has `kind` (empty, merge, reparent, edited, renamed), the options of `alembic revision`, and what the kind needs:
    `heads`; `move` and `onto`; `files` with `run`, or `rename`."""

    def __init__(self, spec, events) -> None:
        super().__init__(spec, events)
        self.asked = spec.proposal
        self.context = self.revision = None
        self.needed = False
        self.facts = {}

    def run(self, config) -> None:
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        make = {"empty": self.empty, "merge": self.merge, "reparent": self.reparent, "edited": self.edited, "renamed": self.renamed}
        files = make[self.asked["kind"]](config, script)
        self.facts["heads"] = sorted(script.get_heads())
        self.events.emit("proposal", files=files, facts=self.facts)

    # --- kinds

    def empty(self, config, script) -> list:
        from alembic.autogenerate import RevisionContext

        writing.valid(self.asked["message"], self.asked.get("revision_id") or "")
        arguments = {"autogenerate": False, "sql": False, **revision_options(self.asked)}
        self.revision = RevisionContext(config, script, arguments)
        self.enter(config, script)
        return [self.described(writing.written(script, self.revision, one)) for one in self.revision.generated_revisions]

    def merge(self, config, script) -> list:
        from alembic.util import rev_id

        writing.valid(self.asked["message"], self.asked.get("revision_id") or "")
        self.enter(config, script)
        id = self.asked.get("revision_id") or rev_id()
        options = {"head": tuple(self.asked["heads"]), "branch_labels": self.asked.get("branch_label") or None, "config": config}
        file = writing.caught(script, lambda: script.generate_revision(id, self.asked["message"], refresh=True, **options))
        return [self.described(file)]

    def described(self, file: dict) -> dict:
        writing.require(file, asked=self.asked)
        return {**file["facts"], "python": file["python"], "operations": [], "sql": self.sql(file["python"])}

    def reparent(self, _config, script) -> list:
        return [moving.moved(script, self.asked["move"], self.asked["onto"])]

    def edited(self, config, script) -> list:
        self.enter(config, script)
        return [self.kept(file) for file in self.asked["files"]]

    def renamed(self, config, script) -> list:
        self.enter(config, script)
        files = renaming.renamed(self.asked["files"], self.asked["rename"], self.asked.get("dialect") or "")
        return [self.kept(file) for file in files]

    def kept(self, file: dict) -> dict:
        """With the SQL of the text as it is now; the rest is as it was."""
        texts.require(file)
        if self.asked.get("unrun"):
            return {**file, "sql": self.not_run()}
        return {**file, "sql": self.sql(file["python"])}

    def not_run(self) -> dict:
        way = {"sql": None, "sql_unavailable": self.asked["unrun"]}
        names = dict.fromkeys((self.asked.get("dialect") or "", *offline.DIALECTS))
        return {name: {"upgrade": way, "downgrade": way} for name in names if name}

    # --- env.py

    def enter(self, config, script) -> None:
        """Runs env.py offline. Only where the project says that its template needs it (revision_environment) does its failure count."""
        self.needed = needed = str(config.get_main_option("revision_environment") or "").strip().lower() in ("true", "yes", "on", "1")
        try:
            self.environment(config, script)
        except BaseException as error:
            if needed:
                raise
            failures.report(error)
            self.facts["offline"] = failures.message(error).splitlines()[0][:300]

    def environment(self, config, script) -> None:
        from alembic.runtime.environment import EnvironmentContext

        config.output_buffer = io.StringIO()
        template = {"template_args": self.revision.template_args, "revision_context": self.revision} if self.revision else {}
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=True, starting_rev=None, destination_rev="heads", **template):
            script.run_env()
        if self.failure is not None:
            raise self.failure

    def steps(self, heads, context):
        self.context = context
        if self.revision is not None and self.needed:
            self.revision.run_no_autogenerate(heads, context)
        yield from ()

    def sql(self, python: str) -> dict:
        """The dialect of the comparison comes first, as it did in the version before."""
        from alembic.runtime.migration import MigrationContext

        own = self.asked.get("dialect")
        context = self.context
        if context is None:
            context = MigrationContext.configure(dialect_name=own or offline.DIALECTS[0])
        found = offline.written(python, context, self.asked.get("tokens") or self.tokens())
        order = sorted(found, key=lambda name: name != own)
        return {name: found[name] for name in order}

    def tokens(self) -> list:
        return offline.tokens(self.revision.generated_revisions) if self.revision else []
