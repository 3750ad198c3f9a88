"""A version's files to take along: one by one, or all as a patch in the form of `git format-patch`, which git apply and git am take."""

import hashlib
import io
import zipfile
from difflib import unified_diff
from email.header import Header
from email.utils import format_datetime, formataddr
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings

from accounts.models import User
from migrations_store.models import ProposalVersion, SourceKind

NO_COMMIT = "0" * 40
MODE = "100644"
QUOTED = {"\\": "\\\\", '"': '\\"', "\t": "\\t", "\n": "\\n"}


def file_of(version: ProposalVersion) -> tuple[str, str]:
    """Its name and its text; where env.py made several, only the first (`archive_of` has all)."""
    first = version.files[0]
    return PurePosixPath(first["path"]).name, first["python"]


def archive_of(version: ProposalVersion) -> bytes:
    """All files, each where it belongs, as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in version.files:
            archive.writestr(file["path"], file["python"])
    return buffer.getvalue()


def patch_of(version: ProposalVersion) -> str:
    """Paths are those in the repository for a git source, below the source's folder for a directory."""
    author = version.author or version.proposal.requested_by
    head = [
        f"From {NO_COMMIT} Mon Sep 17 00:00:00 2001",
        f"From: {formataddr((author.display_name, email_of(author)), 'utf-8')}",
        f"Date: {format_datetime(version.created_at)}",
        f"Subject: {_header('[PATCH] ' + subject_of(version))}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        body_of(version),
        "---",
        "",
    ]
    return "\n".join(head) + "\n" + "".join(diff_of(path_of(version, file), file) for file in version.files) + "-- \nAlembic Dashboard\n"


def subject_of(version: ProposalVersion) -> str:
    """The first line of a commit."""
    files = version.files
    if version.proposal.kind == "reparent":
        return version.proposal.message
    named = ", ".join(file["revision"] for file in files[:3]) + (", …" if len(files) > 3 else "")
    return f"Add migration {named}: {version.proposal.message}"


def body_of(version: ProposalVersion) -> str:
    """What it is, and where it was made."""
    found = f"Version {version.number} of {version.proposal} of {version.proposal.project.slug} in Alembic Dashboard."
    return f"{found}\n{link_to(version)}" if settings.PUBLIC_URL else found


def link_to(version: ProposalVersion) -> str:
    return f"{settings.PUBLIC_URL}/proposals/{version.proposal_id}/"


def email_of(user: User) -> str:
    return user.email or f"{user.username}@users.noreply.invalid"


def path_of(version: ProposalVersion, file: dict[str, Any]) -> str:
    """Where the file lies in the repository."""
    project = version.proposal.project
    folder = project.source_subdirectory if project.source_kind == SourceKind.GIT else ""
    return str(PurePosixPath(folder) / file["path"])


def diff_of(path: str, file: dict[str, Any]) -> str:
    """One file's part of a patch, as git writes it."""
    old, new = file.get("replaces"), file["python"]
    names = _quoted(f"a/{path}"), _quoted(f"b/{path}")
    mode = "" if old is not None else f"new file mode {MODE}\n"
    index = f"index {_blob(old) if old is not None else NO_COMMIT}..{_blob(new)}{' ' + MODE if old is not None else ''}\n"
    before = names[0] if old is not None else "/dev/null"
    return f"diff --git {names[0]} {names[1]}\n{mode}{index}--- {_ended(before)}\n+++ {_ended(names[1])}\n{_hunks(old or '', new)}"


def _header(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=900).encode()


def _hunks(old: str, new: str) -> str:
    """Lines end with a line feed alone: what else Python takes for a line's end is part of the line."""
    found = list(unified_diff(_lines(old), _lines(new), n=3))[2:]
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _blob(text: str) -> str:
    """The name that git gives to this content."""
    data = text.encode()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _quoted(name: str) -> str:
    """As git writes names that would be misread otherwise."""
    if not any(letter in QUOTED or ord(letter) < 32 for letter in name):
        return name
    return '"' + "".join(QUOTED.get(letter, letter if ord(letter) >= 32 else f"\\{ord(letter):03o}") for letter in name) + '"'


def _ended(name: str) -> str:
    """A name with a space ends with a tab, so that nothing behind it is taken for a time."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name
