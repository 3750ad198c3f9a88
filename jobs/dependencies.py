"""Which distributions a project's interpreter has, read from the names of folders: nothing of the project is run for it."""

import os
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

METADATA = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info", re.DOTALL)
PYTHON = "python"


def installed(python: str) -> dict[str, str]:
    """Name to version, with the interpreter's own version as `python`; empty where nothing can be read. Empty `python`: our own."""
    if not python:
        ours = [folder for folder in sys.path if folder.endswith(("site-packages", "dist-packages"))]
        return _sorted(_listed(ours) | {PYTHON: platform.python_version()})
    root = Path(python).parent.parent  # not resolved: a venv's interpreter is a link to the one it was made from
    settings = _venv_settings(root)
    folders = _folders(root)
    if settings.get("include-system-site-packages", "").lower() == "true" and settings.get("home"):
        folders += _folders(Path(settings["home"]).parent)
    version = settings.get("version") or settings.get("version_info") or _version_of(folders)
    return _sorted(_listed(folders) | ({PYTHON: version} if version else {}))


def _folders(root: Path) -> list[str]:
    """Where packages lie below the root of an installation."""
    found = [*root.glob("lib/python3*/dist-packages"), *root.glob("lib*/python3*/site-packages")]
    return sorted({str(folder) for folder in found})


def _venv_settings(root: Path) -> dict[str, str]:
    with suppress(OSError, UnicodeDecodeError):
        lines = (root / "pyvenv.cfg").read_text().splitlines()
        return {name.strip().lower(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    return {}


def _version_of(folders: list[str]) -> str:
    found = {Path(folder).parent.name.removeprefix("python") for folder in folders} - {"", "3"}
    return ", ".join(sorted(found))


def _listed(folders: Iterable[str]) -> dict[str, str]:
    """The first folder wins, as on the path; two versions in one folder are both told."""
    found: dict[str, str] = {}
    for folder in folders:
        here: dict[str, set[str]] = {}
        with suppress(OSError):
            for entry in os.scandir(folder):
                if named := METADATA.fullmatch(entry.name):
                    here.setdefault(re.sub(r"[-_.]+", "-", named["name"]).lower(), set()).add(named["version"])
        found = {name: ", ".join(sorted(versions)) for name, versions in here.items()} | found
    return found


def _sorted(found: dict[str, str]) -> dict[str, str]:
    return dict(sorted(found.items()))
