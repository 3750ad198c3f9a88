"""Which files decide what a project does, and the hashes of their content."""

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from migrations_store.configuration import Configuration
from migrations_store.errors import SourceError

SKIPPED = {"__pycache__", "node_modules", "venv", "site-packages", "dist-packages"}
BESIDE_ENV = {".py", ".mako", ".ini", ".toml", ".sql", ".json", ".yaml", ".yml", ".csv"}
MOST_FILES = 50_000
MOST_BYTES = 200 * 1024 * 1024
HASHES_KEPT = 200_000


def read_manifest(root: Path, configuration: Configuration) -> dict[str, str]:
    """Relative path to SHA-256, for the configuration, what lies in the script directory, and the Python files below the root."""
    found: dict[str, str] = {}
    total = 0
    for path in _files(root, configuration):
        try:
            facts = path.stat()
        except OSError:
            continue
        total += facts.st_size
        if len(found) >= MOST_FILES or total > MOST_BYTES:
            raise SourceError(
                f"{root} holds more than {MOST_FILES:,} Python files or {MOST_BYTES:,} bytes of them. Name the project's own folder."
            )
        found[path.relative_to(root).as_posix()] = content_hash(path, facts)
    return dict(sorted(found.items()))


def content_hash(path: Path, facts: os.stat_result) -> str:
    """Kept as long as name, time, size and inode are the same: reading unchanged code again costs only the looks at it."""
    return _hash(str(path), facts.st_mtime_ns, facts.st_size, facts.st_ino)


@lru_cache(maxsize=HASHES_KEPT)
def _hash(path: str, _mtime: int, _size: int, _inode: int) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None


def _files(root: Path, configuration: Configuration) -> Iterator[Path]:
    places = [configuration.script_location, *configuration.version_locations]
    if configuration.config_file:
        yield configuration.config_file
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED and not name.startswith(".") and not _is_venv(Path(folder, name)))
        beside = any(Path(folder).is_relative_to(place) for place in places)
        for name in sorted(files):
            ending = os.path.splitext(name)[1]
            path = Path(folder, name)
            if (ending == ".py" or (beside and ending in BESIDE_ENV)) and path.is_file() and path != configuration.config_file:
                yield path


def _is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


def revision_files(configuration: Configuration) -> Iterator[Path]:
    """The files that Alembic would load as revisions."""
    for location in configuration.version_locations:
        yield from _listed(location, recursive=configuration.recursive)


def _listed(location: Path, *, recursive: bool) -> Iterator[Path]:
    if not location.is_dir():
        return
    for folder, names, files in os.walk(location):
        names[:] = sorted(name for name in names if name != "__pycache__") if recursive else []
        for name in sorted(files):
            if name.endswith(".py") and not name.startswith((".#", "__init__")):
                yield Path(folder, name)


def unread_folders(configuration: Configuration) -> dict[str, int]:
    """Sub-folders of the version locations that hold revision-like files which Alembic does not load, with their number."""
    if configuration.recursive:
        return {}
    read = set(revision_files(configuration))
    found: dict[str, int] = {}
    for location in configuration.version_locations:
        for path in _listed(location, recursive=True):
            if path not in read and b"down_revision" in path.read_bytes()[:4000]:
                key = path.parent.relative_to(location).as_posix()
                found[key] = found.get(key, 0) + 1
    return found
