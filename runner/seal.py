"""The files of the plan, compared with what they were when it was made: before anything of them is imported, and before the first step."""

from __future__ import annotations

import hashlib
import importlib.machinery
import os
import re

from .failures import Failure

ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def verify(spec) -> None:
    """Raises Failure, naming the files that differ. A plan without a manifest is not looked at."""
    found = [name for name, known in (spec.manifest or {}).items() if not _holds(spec.root, name, known)]
    if found:
        named = ", ".join(found[:5]) + (", ..." if len(found) > 5 else "")
        what = "1 file differs" if len(found) == 1 else "{} files differ".format(len(found))
        raise Failure("plan_changed", "The code has changed since the plan was made: {} ({}).".format(what, named))


def trust_no_cache(spec) -> None:
    """The plan's files are compiled from what was hashed: Python believes a cached .pyc by the time and size of its source alone."""
    root = os.path.realpath(spec.root) + os.sep
    names = {root + name for name in spec.manifest or {}}
    loader = importlib.machinery.SourceFileLoader
    believed = loader.path_stats

    def path_stats(self, path):
        if os.path.realpath(path) in names:
            raise OSError("not from the cache")
        return believed(self, path)

    loader.path_stats = path_stats


def _holds(root: str, name: str, known: str) -> bool:
    try:
        return _hash(os.path.join(os.fsencode(root), _path(root, name))) == known
    except PermissionError:  # what this process may not read it cannot import either
        return True
    except OSError:
        return False


def _path(root: str, name: str) -> bytes:
    """Bytes of a name that are no text were written out as \\xff."""
    path = name.encode("utf-8", "surrogateescape")
    if b"\\x" in path and not os.path.exists(os.path.join(os.fsencode(root), path)):  # noqa: PTH110 - a Path holds no bytes
        return ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), path)
    return path


def _hash(path: bytes) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - a Path holds no bytes
        return hashlib.sha256(file.read()).hexdigest()
