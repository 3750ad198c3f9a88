"""Models against database, as `alembic check` does it, with the differences as data instead of one line of Python."""

from . import events
from .errors import Stop


def execute(config):
    """Emits `changes`: a list of {op, text, …}; empty when models and database agree."""
    from alembic import autogenerate
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config)
    arguments = dict(
        message=None, autogenerate=True, sql=False, head="head", splice=False, branch_label=None, version_path=None, rev_id=None, depends_on=None
    )
    revision_context = autogenerate.RevisionContext(config, script, arguments)
    called = []

    def compare(heads, context):
        called.append(True)
        events.emit(
            "context",
            version_table=context.version_table,
            version_table_schema=context.version_table_schema,
            dialect=context.dialect.name,
            heads=sorted(heads),
        )
        revision_context.run_autogenerate(heads, context)
        return []

    with EnvironmentContext(config, script, fn=compare, as_sql=False, template_args=revision_context.template_args):
        script.run_env()
    if not called:
        raise Stop("env_did_nothing", "env.py ended without comparing anything: it never called context.run_migrations().")
    directive = revision_context.generated_revisions[-1]
    events.emit("changes", changes=[as_data(difference) for operations in directive.upgrade_ops_list for difference in operations.as_diffs()])


def as_data(difference):
    """One difference: ("add_column", schema, table, column) and its relatives; changes of one column come as a list."""
    first = difference[0] if isinstance(difference, list) else difference
    kind, things = first[0], first[1:]
    found = {"op": kind, "text": repr(difference)[:2000]}
    if kind in ("add_column", "remove_column"):
        found.update(schema=things[0], table=things[1], column=things[2].name)
    elif kind.startswith("modify_"):
        found.update(schema=things[0], table=things[1], column=things[2], before=repr(things[4]), after=repr(things[5]))
    elif hasattr(things[0], "table") and things[0].table is not None:
        found.update(table=things[0].table.name, name=str(things[0].name))
    elif hasattr(things[0], "name"):
        found.update(table=things[0].name)
    return found
