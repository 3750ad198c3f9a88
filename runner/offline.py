"""The SQL of a revision, by running its functions in Alembic's offline mode: no connection, one dialect after the other."""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import re

from .failures import Failure, is_reading, message

DIALECTS = ("postgresql", "mysql", "sqlite")
ALTERED = re.compile(r"^ALTER TABLE \S+ ALTER COLUMN ", re.MULTILINE)  # Alembic writes it for SQLite as well
NOTHING = "There is nothing to run."
UNAVAILABLE = "Not available, because {}."
READS = "the revision looks at the database while it runs ({})"


def written(python: str, context, tokens: list) -> dict:
    """Of a file that is not in the code yet."""
    return for_each(context, functools.partial(_executed, python, tokens))


def for_each(context, run) -> dict:
    """Dialect to {"upgrade", "downgrade"}, each {"sql", "sql_unavailable"}: what is written when `run` is called with the way. The
    target's dialect is the one that env.py configured."""
    own = _dialect(context)
    found = {}
    for name in dict.fromkeys((own, *DIALECTS)):
        options = {"dialect": context.dialect} if name == own else {"dialect_name": name}
        found[name] = {way: _sql(functools.partial(run, way), options, context) for way in ("upgrade", "downgrade")}
    return found


def _dialect(context) -> str:
    return "mysql" if context.dialect.name == "mariadb" else context.dialect.name


def tokens(generated: list) -> list:
    """The databases of a project that has several behind one env.py."""
    parts = generated[0].upgrade_ops_list if generated else []
    found = [part.upgrade_token for part in parts]
    return [token[: -len("_upgrades")] for token in found if token and token.endswith("_upgrades")]


def _sql(run, options: dict, context) -> dict:
    try:
        sql = _recorded(run, options, context)
        return {"sql": sql, "sql_unavailable": None} if sql else {"sql": None, "sql_unavailable": NOTHING}
    except BaseException as error:  # whatever a type or a default of the project's own does; sys.exit included
        lines = message(error).splitlines()
        why = lines[0][:300].rstrip(".") if lines else type(error).__name__
        told = why if isinstance(error, Failure) else "{}: {}".format(type(error).__name__, why)
        return {"sql": None, "sql_unavailable": UNAVAILABLE.format(READS.format(told) if is_reading(error) else told)}


def _recorded(run, options: dict, context) -> str:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    buffer = io.StringIO()
    further = {
        name: context.opts.get(name) for name in ("target_metadata", "render_as_batch", "naming_convention") if context.opts.get(name)
    }
    opts = {"as_sql": True, "output_buffer": buffer, "literal_binds": True, **further}
    migration = MigrationContext.configure(opts=opts, **options)
    with _asked_for(context, migration), Operations.context(migration):  # the project's own code, in the project's own process
        run()
    written = buffer.getvalue().strip()
    if migration.dialect.name == "sqlite" and ALTERED.search(written):
        raise Failure("alembic", "SQLite has no ALTER COLUMN; in batch mode the table is copied instead, which needs a connection")
    return written


@contextlib.contextmanager
def _asked_for(context, migration):
    """What `alembic.context.get_context()` answers meanwhile, where env.py is still being run."""
    environment = getattr(context, "environment_context", None)
    before = getattr(environment, "_migration_context", None)
    if before is not None:
        environment._migration_context = migration
    try:
        yield
    finally:
        if before is not None:
            environment._migration_context = before


def _executed(python: str, tokens: list, way: str) -> None:
    space = {"__name__": "candidate_revision", "__file__": "candidate_revision.py"}
    exec(compile(python, "candidate_revision.py", "exec"), space)
    call = space[way]
    named = bool(inspect.signature(call).parameters)
    for arguments in [(token,) for token in tokens] if named else [()]:
        call(*arguments)
