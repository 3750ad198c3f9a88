"""What went wrong, told as one event: the database's own words where it spoke, and the line of the project where it happened."""

from __future__ import annotations

import contextlib
import importlib.machinery
import os
import re
import sys
import traceback
from pathlib import Path

LIVE = re.compile("requires a live database connection")  # batch mode copies tables, and has to see them for that


class Failure(Exception):
    """A reason of our own to stop."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def describe(error: BaseException, root: str, step: str | None = None) -> dict:
    """The facts of an `error` event; `root` is the directory below which the project's own files are."""
    file, line = (None, None) if isinstance(error, Failure) else place(error, root)
    error = _unwrapped(error)
    facts = {"code": code(error), "type": type(error).__name__, "message": message(error), "step": step, "file": file, "line": line}
    original = getattr(error, "orig", None) or error
    state = getattr(original, "pgcode", None) or getattr(original, "sqlstate", None)
    number = original.args[0] if getattr(original, "args", None) else None
    facts["pgcode"] = state if isinstance(state, str) else None
    facts["errno"] = number if isinstance(number, int) and not isinstance(original, SystemExit) else None
    return facts


def _unwrapped(error: BaseException) -> BaseException:
    """What SQLAlchemy raised, where oslo.db has wrapped it in a class of its own, whose text has the statement and its parameters."""
    inner = getattr(error, "inner_exception", None)
    return inner if isinstance(inner, _class("sqlalchemy.exc", "DBAPIError")) else error


def code(error: BaseException) -> str:
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, SystemExit):
        return "exited"
    if isinstance(error, ImportError):
        return "missing_module"
    if isinstance(error, _class("alembic.util.exc", "CommandError")):
        return "alembic"
    if isinstance(error, _class("sqlalchemy.exc", "DBAPIError")) or _is_driver_error(error):
        return "database"
    return "project_error"


def message(error: BaseException) -> str:
    """The driver's words without the statement and its parameters, which may hold data of the project."""
    if isinstance(error, SystemExit):
        return "The project's code ended the process with sys.exit({!r}).".format(error.code)
    if isinstance(error, SyntaxError):
        return traceback.format_exception_only(type(error), error)[-1].strip()
    if isinstance(error, EOFError):  # what input() and getpass() raise
        return "{}: it asked a question, or read its standard input, and a job has nobody to answer.".format(_words(error) or "End of file")
    if isinstance(error, _class("sqlalchemy.exc", "NoSuchTableError")):  # its words are the name alone
        return 'The table "{}" does not exist.'.format(_words(error))
    text = (_words(getattr(error, "orig", None) or error) + _hidden(error)).strip()
    return re.sub(r"^<class '[\w.]+'>: ", "", text) or _wordless(error)  # SQLAlchemy's way of telling asyncpg's errors


def _wordless(error: BaseException) -> str:
    """Of an error that says nothing, such as a bare assert: the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    line = frames[-1].line if frames else ""
    return "it says no more than that, and comes from the line {}".format(line) if line else type(error).__name__


def _words(error: BaseException) -> str:
    """Nothing where its own class cannot say it."""
    try:
        return str(error)
    except Exception:
        return ""


def _hidden(error: BaseException) -> str:
    """Where a module of the working directory, which comes first on the path, was met in the place of an installed one of the same name."""
    name = (getattr(error, "name", None) or "").partition(".")[0] if isinstance(error, ImportError) else ""
    try:
        here = os.path.realpath(os.curdir)
    except OSError:  # the project removed it
        return ""
    own, meant = (_found(name, here, inside=inside) for inside in (True, False))
    if not own or not meant or not own.origin or not (_imports_from_itself(error, own.origin) or _takes_for_package(error, meant)):
        return ""
    text = "; {} in the working directory hides the installed module {}: name another working directory in the project's settings"
    return text.format(os.path.relpath(own.origin, here), name)


def _found(name: str, here: str, *, inside: bool):
    """The module of that name in the directory, or everywhere else."""
    places = [here] if inside else [path for path in sys.path if os.path.realpath(path) != here]
    return importlib.machinery.PathFinder.find_spec(name, places) if name else None


def _imports_from_itself(error: BaseException, file: str) -> bool:
    """Nobody means that, and it is no circle between modules of the project."""
    frames = traceback.extract_tb(error.__traceback__)
    return "partially initialized module" in _words(error) and bool(frames) and os.path.realpath(frames[-1].filename) == file


def _takes_for_package(error: BaseException, meant) -> bool:
    return "is not a package" in _words(error) and bool(meant.submodule_search_locations)


def is_reading(error: BaseException) -> bool:
    """Whether a revision that runs offline wanted to look at the database: there is no connection, its results are None, and it cannot
    be inspected."""
    if type(error).__name__ == "NoInspectionAvailable" or LIVE.search(_words(error)):
        return True
    return "MockConnection" in _words(error) or "NoneType" in _words(error)


def place(error: BaseException, root: str) -> tuple:
    """The innermost line of the project's own code that took part, as (file, line)."""
    if isinstance(error, SyntaxError) and error.filename:
        return _shown(error.filename, root), error.lineno
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename, root)]
    return (_shown(own[-1].filename, root), own[-1].lineno) if own else (None, None)


def report(error: BaseException) -> None:
    """The traceback, into the log, without the frames of this package."""
    text = "{}\n".format(error) if isinstance(error, Failure) else _traceback(error)  # where in our code our own arose helps nobody
    try:
        sys.stderr.write(text)
    except Exception:  # the project replaced or closed the stream; the event tells the rest
        with contextlib.suppress(OSError):
            os.write(2, text.encode("utf-8", "replace"))


def _traceback(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace))


def _is_own(filename: str, root: str) -> bool:
    path = os.path.realpath(filename)
    inside = os.path.realpath(root) + os.sep  # which may itself lie in site-packages: some projects ship their revisions
    return Path(filename).is_absolute() and path.startswith(inside) and "site-packages" not in Path(path[len(inside) :]).parts


def _shown(filename: str, root: str) -> str:
    return os.path.relpath(os.path.realpath(filename), os.path.realpath(root)) if _is_own(filename, root) else filename


def _class(module: str, name: str) -> type:
    """A class of a module that may never have been loaded."""
    return getattr(sys.modules.get(module), name, _Absent)


def _is_driver_error(error: BaseException) -> bool:
    """DB-API errors of any driver share their class names and nothing else."""
    return any(base.__name__ == "DatabaseError" or base.__name__ == "PostgresError" for base in type(error).__mro__)


class _Absent(BaseException):
    """Stands for a class that is not loaded."""
