"""What keeps a program of ours from working, told as a sentence: a setting, the store, a file or the disk."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as StoreError

from config.errors import Refused

# By what SQLite and PostgreSQL say, the first that fits; None of them names a password.
ADVICE = {
    "no such table": "It was never set up here: look whether DATA_DIR and DATABASE_URL are those of the server.",
    "does not exist": "It was never set up there: look whether DATABASE_URL is right, and whether that database was made.",
    "is full": "Make room on its disk and start again: what was begun is then continued.",
    "readonly": "This user may not write it: give the file and its directory to the user that runs the dashboard.",
    "unable to open": "This user may not read or write it: give the file and its directory to the user that runs the dashboard.",
    "is not a database": "The file is damaged or something else: keep it aside, and put a backup in its place.",
    "malformed": "The file is damaged: keep it aside, and put a backup in its place.",
    "locked": "Another program holds it: end that one, and start again.",
    "authentication failed": "Look whether user and password in DATABASE_URL are right.",
    "": "Look whether DATABASE_URL is right, and whether that server runs and lets this machine in.",
}


class CannotServe(Refused):
    code = "cannot_serve"
    title = "The dashboard cannot start"


@contextmanager
def told() -> Iterator[None]:
    """Raises CannotServe in place of what an operator can mend; what only a programmer can stays as it is."""
    try:
        yield
    except ImproperlyConfigured as error:
        raise CannotServe(f"A setting cannot be used. {error}") from error
    except StoreError as error:
        raise CannotServe(of_store(error)) from error
    except OSError as error:
        raise CannotServe(of_file(error)) from error


def of_store(error: StoreError) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
    advice = next(advice for words, advice in ADVICE.items() if words in reason)
    return f"The store, {store()}, cannot be used: {reason}. {advice}"


def store() -> str:
    """Where it is, without a password."""
    one = settings.DATABASES["default"]
    if "sqlite" in one["ENGINE"]:
        return str(one["NAME"])
    return f"{one['NAME']} on {one['HOST'] or 'this machine'}" + (f":{one['PORT']}" if one["PORT"] else "")


def of_file(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    what = f"{error.filename} cannot be used: {reason}." if error.filename else f"The system refused: {reason}."
    advice = {errno.ENOSPC: " Make room on that disk.", errno.EDQUOT: " Make room within that quota."}
    return what + advice.get(error.errno or 0, "")
