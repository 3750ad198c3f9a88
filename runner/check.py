"""The models against the database, as `alembic check` compares them."""

from __future__ import annotations

from . import commands, operations
from .failures import Failure


class Check(commands.Run):
    """Changes nothing, and reports what would have to change."""

    def run(self, config) -> None:
        from alembic.autogenerate import RevisionContext
        from alembic.runtime.environment import EnvironmentContext
        from alembic.script import ScriptDirectory

        script = ScriptDirectory.from_config(config)
        options = dict.fromkeys(("message", "branch_label", "version_path", "rev_id", "depends_on"))
        self.revision = RevisionContext(config, script, {"autogenerate": True, "sql": False, "head": "head", "splice": False, **options})
        self.facts, self.compared = operations.no_facts(), None
        templates = {"template_args": self.revision.template_args, "revision_context": self.revision}
        with EnvironmentContext(config, script, fn=self.migrations, as_sql=False, dont_mutate=True, **templates):
            script.run_env()
        self.conclude()
        generated = self.revision.generated_revisions[-1:]  # none is left where env.py takes empty ones away
        parts = [part for script in generated for part in script.upgrade_ops_list]
        changes = [described(difference) for part in parts for difference in flat(part.as_diffs())]
        found = [operations.described(item, self.compared.dialect) for part in parts for item in operations.flat(part.ops)]
        self.events.emit("changes", changes=changes, operations=found, facts=self.facts)

    def steps(self, heads, context):
        from alembic.util import CommandError

        self.require(heads)
        self.compared = context
        operations.count(context, self.facts)
        try:
            self.revision.run_autogenerate(heads, context)
        except CommandError as error:
            raise Failure(_code(str(error)), str(error)) from error
        yield from ()


def _code(message: str) -> str:
    if "not up to date" in message:
        return "not_up_to_date"
    return "no_metadata" if "MetaData" in message else "alembic"


def flat(differences) -> list:
    """Alembic groups what happens to one column in a list of its own."""
    found = []
    for difference in differences:
        found += flat(difference) if isinstance(difference, list) else [difference]
    return found


def described(difference: tuple) -> dict:
    """One difference as plain values and as a sentence."""
    op = difference[0]
    if op.startswith("modify_"):
        _, schema, table, column, _, old, new = difference
        what = op[len("modify_") :].replace("_", " ")
        text = "{} of {}.{}: {} in the database, {} in the models".format(what, table, column, _shown(old), _shown(new))
        return _change(op, schema, table, column, None, text[0].upper() + text[1:], old=_shown(old), new=_shown(new))
    verb = "The models have {} and the database has not" if op.startswith("add_") else "The database has {} and the models have not"
    if op in ("add_column", "remove_column"):
        _, schema, table, column = difference
        return _change(op, schema, table, column.name, None, verb.format("column {}.{} ({})".format(table, column.name, column.type)))
    item = difference[1]
    return _item(op, item, verb)


def _item(op: str, item, verb: str) -> dict:
    """A table, an index, a constraint or a comment."""
    kind = op.split("_", 1)[1].replace("fk", "foreign key").replace("_", " ")
    table = item if kind.startswith("table") else getattr(item, "table", None)
    name = getattr(item, "name", None)
    columns = [] if table is item else [getattr(column, "name", str(column)) for column in getattr(item, "columns", ())]
    if table is item:
        text = "{} {}".format(kind, item.name)
    else:
        text = "{} {} on {}{}".format(kind, name or "without a name", table, " ({})".format(", ".join(columns)) if columns else "")
    return _change(op, getattr(table, "schema", None), getattr(table, "name", None), None, name, verb.format(text))


def _change(op, schema, table, column, name, text, **further) -> dict:
    return {"op": op, "schema": schema, "table": table, "column": column, "name": name, "text": text + ".", **further}


def _shown(value) -> str:
    return getattr(getattr(value, "arg", None), "text", None) or str(value)
