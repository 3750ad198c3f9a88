"""Where a project's code lies on disk: a directory as it is, or an immutable checkout of one commit of a git repository."""

import os
from dataclasses import dataclass
from pathlib import Path

from migrations_store import remotes, repositories
from migrations_store.errors import SourceError
from migrations_store.models import Project, SourceKind


@dataclass(frozen=True)
class SourceReading:
    """`root` is the folder that holds the project; `commit` is "" for directories."""

    root: Path
    commit: str = ""


def read_source(project: Project) -> SourceReading:
    """Finds the code, and fetches it where it is in a repository. SourceError says why it cannot be had."""
    if project.source_kind == SourceKind.GIT:
        return _read_git(project)
    return SourceReading(check_directory(project.source_path))


def check_directory(text: str) -> Path:
    """An absolute path of a folder that can be listed."""
    if not text or "\0" in text or not os.path.isabs(text):
        raise SourceError("The directory has to be an absolute path, such as /srv/shop.")
    path = Path(os.path.normpath(text))
    try:
        if not path.is_dir():
            raise SourceError(f"There is no directory {str(path)[:300]} on this machine.")
        next(os.scandir(path), None)
    except OSError as error:
        raise SourceError(f"The directory {str(path)[:300]} cannot be read: {error.strerror}.") from None
    return path


def _read_git(project: Project) -> SourceReading:
    ref = remotes.check_ref(project.source_ref or "main")
    checkout, commit = repositories.check_out(remotes.parse(project.source_url), ref)
    root = Path(os.path.normpath(checkout / project.source_subdirectory))
    if not Path(os.path.realpath(root)).is_relative_to(checkout) or not os.path.isdir(root):  # noqa: PTH112 - of a name that is too long, Path raises
        raise SourceError(f"There is no folder {project.source_subdirectory[:200]!r} in {ref} of the repository.")
    return SourceReading(root, commit)
