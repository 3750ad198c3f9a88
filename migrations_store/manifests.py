"""Which files decide what a project does, and the hashes of their content."""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from migrations_store.configuration import Configuration
from migrations_store.errors import SourceError

SKIPPED = {"__pycache__", "node_modules", "venv", "site-packages", "dist-packages"}
BESIDE_ENV = {".py", ".mako", ".ini", ".toml", ".sql", ".json", ".yaml", ".yml", ".csv"}
REVISION_FILE = re.compile(r"(?!\.#|__init__).*\.py", re.DOTALL)
MOST_FILES = 50_000
MOST_FOLDERS = 20_000
MOST_BYTES = 200 * 1024 * 1024
MOST_OF_A_SCRIPT = 4 * 1024 * 1024
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
        name = relative(path, root)
        total += facts.st_size if name not in found else 0
        if len(found) >= MOST_FILES or total > MOST_BYTES:
            limits = f"{MOST_FILES:,} Python files or {MOST_BYTES:,} bytes of them"
            raise SourceError(f"{root} holds more than {limits}. Name the folder of the project itself.")
        found[name] = _hash(str(path), facts.st_mtime_ns, facts.st_size, facts.st_ino)
    return dict(sorted(found.items()))


def relative(path: Path, root: Path) -> str:
    """As it is kept and shown; bytes of a name that are no text are written out."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


@lru_cache(maxsize=HASHES_KEPT)
def _hash(path: str, _mtime: int, _size: int, _inode: int) -> str:
    """Kept as long as name, time, size and inode are the same: reading unchanged code again costs only the looks at it."""
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from None


def _files(root: Path, configuration: Configuration) -> Iterator[Path]:
    yield from configuration.config_files
    places = [configuration.script_location, *configuration.version_locations]
    for folder, files in _folders(root):
        yield from _regular(folder, files, {".py"})
    for place in places:
        for folder, files in _folders(place):
            yield from _regular(folder, files, BESIDE_ENV)
    yield from (path for path in revision_files(configuration) if path.is_file())


def _regular(folder: str, files: list[str], endings: set[str]) -> Iterator[Path]:
    """Links that lead nowhere, pipes and the like are left out: reading them fails, or never ends."""
    paths = (Path(folder, name) for name in files if os.path.splitext(name)[1] in endings)
    return (path for path in paths if path.is_file())


def _folders(start: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder from `start` downwards with its files, in a fixed order, without what is not the project's own."""
    for count, (folder, names, files) in enumerate(os.walk(start)):
        if count >= MOST_FOLDERS:
            raise SourceError(f"{start} holds more than {MOST_FOLDERS:,} folders. Name the folder of the project itself.")
        names[:] = sorted(name for name in names if name not in SKIPPED and not name.startswith(".") and not _is_venv(Path(folder, name)))
        yield folder, sorted(files)


def _is_venv(folder: Path) -> bool:
    return (folder / "pyvenv.cfg").exists()


# --- revision files


def revision_files(configuration: Configuration) -> Iterator[Path]:
    """The files that Alembic would load as revisions, in its order, each once."""
    seen = set()
    for location in configuration.version_locations:
        for path in _listed(location, recursive=configuration.recursive):
            real = Path(os.path.realpath(path))
            if real not in seen and REVISION_FILE.fullmatch(real.name):
                seen.add(real)
                yield path


def _listed(location: Path, *, recursive: bool) -> Iterator[Path]:
    for folder, names, files in os.walk(location):
        names[:] = sorted(name for name in names if not name.endswith("__pycache__")) if recursive else []
        yield from (Path(folder, name) for name in sorted(files))


def read_script_file(path: Path, root: Path) -> bytes:
    """The content of a revision file. SourceError with a sentence where it should not or cannot be read."""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise SourceError("It is a link that leads out of the source, which is not followed.")
    try:
        if not path.is_file():
            raise SourceError("It is no regular file, or a link that leads nowhere.")
        with path.open("rb") as file:
            data = file.read(MOST_OF_A_SCRIPT + 1)
    except OSError as error:
        raise SourceError(f"It cannot be opened: {error.strerror}.") from None
    if len(data) > MOST_OF_A_SCRIPT:
        raise SourceError(f"It has more than {MOST_OF_A_SCRIPT:,} bytes; no revision is that large.")
    return data


def unread_folders(root: Path, configuration: Configuration) -> dict[str, int]:
    """Sub-folders of the version locations that hold revision-like files which Alembic does not load, with their number."""
    if configuration.recursive:
        return {}
    read = set(revision_files(configuration))
    found: dict[str, int] = {}
    for location in configuration.version_locations:
        for path in _listed(location, recursive=True):
            if path not in read and path.parent != location and REVISION_FILE.fullmatch(path.name) and _is_like_a_revision(path, root):
                key = relative(path.parent, location)
                found[key] = found.get(key, 0) + 1
    return found


def _is_like_a_revision(path: Path, root: Path) -> bool:
    try:
        return b"down_revision" in read_script_file(path, root)
    except SourceError:
        return False
