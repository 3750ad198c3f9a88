"""The whole tree of a commit on disk, taken out of git's archive entry by entry: nothing leads out of it, and nothing is endless."""

import os
import shutil
import tarfile
import tempfile
import time
from pathlib import Path
from typing import IO

from django.conf import settings

from migrations_store import git
from migrations_store.errors import SourceError

MOST_ENTRIES = 100_000
LONGEST_NAME = 1000  # far below PATH_MAX, beyond which links are no longer followed to their end
ENTRY_BYTES = 512


def checkout(repository: Path, commit: str) -> Path:
    """Made once; complete as soon as it is there, for it is moved into place."""
    place = repository.parent.parent / "checkouts" / f"{commit}-{repository.name[:8]}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        _extract(repository, commit, draft)
        draft.rename(place)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _extract(repository: Path, commit: str, target: Path) -> None:
    _see_how_many(repository, commit)
    try:
        with git.reading("archive", "--format=tar", commit, cwd=repository) as stream:
            _unpack(stream, target)
    except tarfile.FilterError as error:
        name = error.tarinfo.name[:200]
        raise SourceError(f"The repository holds an entry that leads out of its tree, which is refused: {name}.") from None


def _see_how_many(repository: Path, commit: str) -> None:
    """Before git makes an archive, for which it keeps all names in memory: a few folders that hold each other are endless."""
    count = 0
    with git.reading("ls-tree", "-r", "-t", "-z", "--name-only", commit, cwd=repository) as stream:
        while part := stream.read(65536):
            count += part.count(b"\0")
            if count > MOST_ENTRIES:
                raise SourceError(f"The repository holds more than {MOST_ENTRIES:,} files and folders.")


def _unpack(stream: IO[bytes], target: Path) -> None:
    """So that a small repository with an endless file ends at the limit and not at the disk's end."""
    total, deadline, links = 0, time.monotonic() + settings.GIT_TIMEOUT, []
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                total += member.size + ENTRY_BYTES
                _see_limits(member, total, deadline)
                links += [member] if member.issym() else []
                archive.extract(member, target, filter="data")
    except tarfile.FilterError:
        raise
    except (tarfile.TarError, UnicodeError):
        raise SourceError("The commit's tree could not be read.") from None
    _refuse_outside(links, target)


def _see_limits(member: tarfile.TarInfo, total: int, deadline: float) -> None:
    if total > settings.GIT_MAX_BYTES:
        raise git.too_large()
    if time.monotonic() > deadline:
        raise git.too_slow("The tree could not be unpacked")
    if len(member.name) > LONGEST_NAME:
        raise SourceError(f"The repository holds a path of more than {LONGEST_NAME} characters: {member.name[:200]}…")


def _refuse_outside(links: list[tarfile.TarInfo], target: Path) -> None:
    """Looked at again when all is there: a link was harmless while the place that it goes through did not exist yet."""
    for member in links:
        if not Path(os.path.realpath(target / member.name)).is_relative_to(target):
            raise tarfile.LinkOutsideDestinationError(member, os.path.realpath(target / member.name))
