"""What ends a run, and how an exception of the project's code is told."""

import os
import traceback


class Stop(BaseException):
    """Ends the run with a code of ours. Not an Exception, so that an env.py's `except Exception` does not swallow it."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def describe(error, root):
    """The facts of an error event: a code, the type, the driver's own message and code, and the project's line that raised."""
    facts = {"code": code_of(error), "type": type(error).__name__, "message": message_of(error)}
    original = getattr(error, "orig", None) or error
    for name in ("pgcode", "sqlstate"):
        if isinstance(getattr(original, name, None), str):
            facts["pgcode"] = getattr(original, name)
    if original.args and isinstance(original.args[0], int):
        facts["errno"] = original.args[0]
    if statement := getattr(error, "statement", None):
        facts["statement"] = str(statement)[:2000]
    facts.update(place_of(error, root))
    return facts


def code_of(error):
    if isinstance(error, Stop):
        return error.code
    if isinstance(error, SystemExit):
        return "exited"
    if isinstance(error, ModuleNotFoundError):
        return "missing_module"
    modules = [kind.__module__ for kind in type(error).__mro__]
    if any(module.startswith("alembic.") for module in modules):
        return "alembic"
    if hasattr(error, "orig") or any(
        module.startswith(("sqlalchemy.exc", "psycopg", "sqlite3", "pymysql", "asyncpg")) for module in modules
    ):
        return "database"
    return "project_error"


def message_of(error):
    if isinstance(error, SystemExit):
        return "The project's code called sys.exit(%r)." % (error.code,)
    original = getattr(error, "orig", None)
    return str(original if original is not None else error)[:4000] or type(error).__name__


def place_of(error, root):
    """File and line of the innermost frame within the project, relative to its root."""
    found = {}
    for frame in traceback.extract_tb(error.__traceback__):
        path = os.path.realpath(frame.filename)
        if not frame.filename.startswith("<") and path.startswith(os.path.realpath(root) + os.sep) and "site-packages" not in path:
            found = {"file": os.path.relpath(path, root), "line": frame.lineno}
    if isinstance(error, SyntaxError) and error.filename:
        found = {"file": os.path.relpath(error.filename, root), "line": error.lineno}
    return found
