"""Where a project's code lies on disk: a directory as it is, or an immutable checkout of one commit of a git repository."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from migrations_store import repositories
from migrations_store.errors import SourceError
from migrations_store.models import Project, SourceKind

SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][\w.\-]*@)?([A-Za-z0-9][\w.\-]*):(?!//)(.+)", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9][\w.\-]*|\[[0-9a-fA-F:]+\]", re.ASCII)
REF = re.compile(r"\w[\w./+\-#@=,%!&()]*")
NOT_IN_A_REF = re.compile(r"\.\.|//|/\.|@\{|(\.lock|/|\.)$|\.lock/")
LONGEST_URL = 1000
LONGEST_REF = 255


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


# --- git


def check_url(url: str) -> str:
    """https, ssh, and files where the installation allows them. Everything else could run a command or read a file."""
    if not url or len(url) > LONGEST_URL or not url.isprintable() or " " in url or url.startswith("-"):
        raise SourceError("The git address has to be one line without spaces, such as https://git.example.org/shop.git.")
    if (scp := SCP_LIKE.fullmatch(url)) and "::" not in url:
        if scp.group(2).startswith("-"):
            raise SourceError("The path in the git address must not begin with a hyphen.")
        return url
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SourceError("The git address is not a valid URL.") from None
    scheme = parts.scheme.lower()
    if scheme == "file" and settings.GIT_ALLOW_FILE and not host:
        return url
    if scheme not in ("https", "ssh"):
        raise SourceError(
            "The git address has to begin with https:// or ssh://, or be like git@host:path. Other protocols are not allowed."
        )
    if not host or not HOST.fullmatch(host) or (parts.username or "").startswith("-"):
        raise SourceError("The git address names no valid host.")
    if parts.password or (scheme == "https" and parts.username):
        raise SourceError(
            "The git address must hold no password or token. Use an ssh key, or the .netrc file of the account that runs the dashboard."
        )
    return url


def check_ref(ref: str) -> str:
    """A branch, a tag or a commit; no expression, no option."""
    if len(ref) > LONGEST_REF or not REF.fullmatch(ref) or NOT_IN_A_REF.search(ref):
        raise SourceError(f"{ref[:60]!r} is not a branch, a tag or a commit.")
    return ref


def _read_git(project: Project) -> SourceReading:
    ref = check_ref(project.source_ref or "main")
    checkout, commit = repositories.check_out(check_url(project.source_url), ref)
    root = Path(os.path.normpath(checkout / project.source_subdirectory))
    if not Path(os.path.realpath(root)).is_relative_to(checkout) or not root.is_dir():
        raise SourceError(f"There is no folder {project.source_subdirectory[:200]!r} in {ref} of the repository.")
    return SourceReading(root, commit)
