"""A candidate revision by autogenerate: what differs, the file that Alembic would write, its SQL. Nothing is written anywhere."""

from __future__ import annotations

from . import commands, neighbours, offline, operations, writing
from .check import _code
from .failures import Failure, message

NO_TEMPLATE = "The project's script.py.mako could not be rendered: {}."


class Propose(commands.Run):
    """`spec.proposal` says what was asked for: message, revision_id, head, splice, branch_label, version_path, depends_on."""

    def __init__(self, spec, events) -> None:
        super().__init__(spec, events)
        writing.valid(spec.proposal["message"], spec.proposal.get("revision_id") or "")

    def run(self, config) -> None:
        from alembic.autogenerate import RevisionContext
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        arguments = {"autogenerate": True, "sql": False, **revision_options(self.spec.proposal)}
        self.revision = RevisionContext(config, script, arguments)
        self.facts, self.metadatas = operations.no_facts(), []
        templates = {"template_args": self.revision.template_args, "revision_context": self.revision}
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=False, dont_mutate=True, **templates):
            script.run_env()
        self.conclude()
        self.tell(script)

    def steps(self, heads, context):
        from alembic.util import CommandError

        self.context, self.facts["heads"] = context, sorted(heads)
        operations.count(context, self.facts)
        self.metadatas += operations.metadatas(context)
        try:
            self.revision.run_autogenerate(heads, context)
        except CommandError as error:
            raise Failure(_code(str(error)), str(error)) from error
        yield from ()

    def tell(self, script) -> None:
        """One event with everything; an env.py that takes empty revisions away leaves no file."""
        self.facts["tokens"] = offline.tokens(self.revision.generated_revisions)
        found = [self.described(script, generated) for generated in self.revision.generated_revisions]
        changes = [one for file in found for one in file["operations"]]
        self.facts["diagram"] = neighbours.around(self.metadatas, self.context.dialect, changes)
        self.events.emit("proposal", files=found, facts=self.facts)

    def described(self, script, generated) -> dict:
        target = self.context.dialect
        upgrade = [operations.described(item, target) for part in generated.upgrade_ops_list for item in operations.flat(part.ops)]
        file = self.written(script, generated)
        writing.require(file, asked=self.spec.proposal)
        sql = offline.written(file["python"], self.context, self.facts["tokens"])
        return {**file["facts"], "python": file["python"], "operations": upgrade, "sql": sql}

    def written(self, script, generated) -> dict:
        try:
            return writing.written(script, self.revision, generated)
        except (Failure, SyntaxError):
            raise
        except Exception as error:
            if type(error).__module__.startswith("mako"):
                raise Failure("project_error", NO_TEMPLATE.format(message(error))) from error
            raise


def revision_options(asked: dict) -> dict:
    """As `alembic revision` would get them."""
    return {
        "message": asked["message"],
        "rev_id": asked.get("revision_id") or None,
        "head": asked.get("head") or "head",
        "splice": bool(asked.get("splice")),
        "branch_label": asked.get("branch_label") or None,
        "version_path": asked.get("version_path") or None,
        "depends_on": asked.get("depends_on") or None,
    }
