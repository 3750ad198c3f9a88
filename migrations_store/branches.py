"""A commit on a new branch of a git source: made in the dashboard's own bare repository, from there pushed, never forced."""

import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from migrations_store import git, git_credentials
from migrations_store.errors import PushRefused, SourceError
from migrations_store.git import GitFailed, Given
from migrations_store.git_credentials import Credential
from migrations_store.remotes import Remote, route
from migrations_store.repositories import private_clone

MODE = "100644"
LONGEST_REASON = 400
DENIED = re.compile(
    r"denied|not allowed|forbidden|unauthori[sz]ed|authentication failed|could not read Username|40[13]|protected", re.IGNORECASE
)
# The other end of a push to a repository on this disk is a program of ours: nothing that lies in that repository is run by it.
RECEIVER = ("core.alternateRefsCommand=true", "receive.autogc=false")


@dataclass(frozen=True)
class Change:
    """A file of the commit, by its path in the repository; `replaces` is what it has to be before, None for a new one."""

    path: str
    text: str
    replaces: str | None = None


@dataclass(frozen=True)
class Commit:
    """`base` is the commit that it stands on."""

    base: str
    message: str
    name: str
    email: str


def push(remote: Remote, branch: str, changes: Sequence[Change], commit: Commit, credential: Credential) -> str:
    """The new commit. PushRefused says why it did not come to that; nothing has changed there then."""
    _require_bare(remote)
    with private_clone(remote) as place:
        made = _commit(place, changes, commit)
        with git_credentials.handed_over(credential, route(remote)) as way:
            _require_free(place, remote, branch, way)
            _push(place, remote, branch, made, way, credential)
    return made


def _commit(place: Path, changes: Sequence[Change], commit: Commit) -> str:
    """With git's plumbing, which touches no working tree."""
    with tempfile.TemporaryDirectory(prefix="dashboard-index-") as folder:
        index = {"GIT_INDEX_FILE": f"{folder}/index"}
        _git(place, "read-tree", commit.base, variables=index)
        for change in changes:
            mode = _mode_before(place, commit.base, change)
            blob = _git(place, "hash-object", "-w", "--stdin", text=change.text)
            _git(place, "update-index", "--add", "--cacheinfo", f"{mode},{blob},{change.path}", variables=index)
        tree = _git(place, "write-tree", variables=index)
    who = {
        f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (("NAME", commit.name), ("EMAIL", commit.email))
    }
    return _git(place, "commit-tree", tree, "-p", commit.base, text=commit.message, variables=who)


def _mode_before(place: Path, base: str, change: Change) -> str:
    """A new file must not be there yet; one that is there has to be what the change was written for."""
    path = PurePosixPath(change.path)
    if path.is_absolute() or ".." in path.parts or change.path.startswith("-"):
        raise PushRefused(f"{change.path[:200]} does not lie within the repository. Nothing was pushed.")
    found = _git(place, "ls-tree", "-z", base, "--", f":(literal){change.path}").rstrip("\0")
    if change.replaces is None and found:
        raise PushRefused(f"There is a file {change.path} in the repository already. Make the proposal again. Nothing was pushed.")
    if change.replaces is None:
        return MODE
    mode, _, blob = found.partition("\t")[0].split(" ") if found else ("", "", "")
    if blob != _git(place, "hash-object", "--stdin", text=change.replaces):
        raise PushRefused(f"{change.path} has changed in the repository. Make the proposal again. Nothing was pushed.")
    return mode


def _git(place: Path, *arguments: str, text: str | None = None, variables: dict[str, str] | None = None) -> str:
    given = Given(None if text is None else text.encode(), variables or {})
    return git.run("-c", "core.autocrlf=false", *arguments, cwd=place, given=given).strip()


# --- the other end


def _require_bare(remote: Remote) -> None:
    """A repository with a working tree is somebody's checkout, which the dashboard does not write to."""
    if remote.scheme != "file":
        return
    place = Path(remote.url.removeprefix("file://"))
    try:
        is_bare = place.is_dir() and git.run("rev-parse", "--is-bare-repository", cwd=place).strip() == "true"
    except SourceError:
        is_bare = False
    if not is_bare:
        raise PushRefused("The source is no bare repository but somebody's checkout, which the dashboard does not write to.")


def _require_free(place: Path, remote: Remote, branch: str, way: git_credentials.Way) -> None:
    with _told(remote, way.secret):
        found = git.run(
            *way.options, "ls-remote", "--heads", "--", remote.url, f"refs/heads/{branch}", cwd=place, ssh=way.ssh, given=way.given
        )
    if found.strip():
        raise PushRefused(f"There is a branch {branch} in the repository already. Choose another name. Nothing was pushed.")


def _push(place: Path, remote: Remote, branch: str, made: str, way: git_credentials.Way, credential: Credential) -> None:
    """The lease says that the branch must not exist: one that came meanwhile is refused by the server, and not moved."""
    target = f"refs/heads/{branch}"
    options = (
        "push",
        "--quiet",
        "--porcelain",
        "--no-follow-tags",
        "--no-signed",
        "--recurse-submodules=no",
        f"--force-with-lease={target}:",
    )
    with _told(remote, credential.secret):
        git.run(*way.options, *options, *_receiver(remote), "--", remote.url, f"{made}:{target}", cwd=place, ssh=way.ssh, given=way.given)


def _receiver(remote: Remote) -> tuple[str, ...]:
    if remote.scheme != "file":
        return ()
    words = ["git", *git.safe_options()]
    for option in RECEIVER:
        words += ["-c", option]
    return (f"--receive-pack={shlex.join([*words, 'receive-pack'])}",)


@contextmanager
def _told(remote: Remote, secret: str) -> Iterator[None]:
    """What the other end said against it, as a sentence without the secret."""
    try:
        yield
    except GitFailed as failed:
        reason = _reason(failed, secret)
        where = remote.host or "the repository"
        if DENIED.search(reason) or DENIED.search(failed.errors):
            text = f"{where} did not let these credentials push: {reason} Nothing was pushed. See that they are right, and may write."
            raise PushRefused(text) from None
        raise PushRefused(f"{where} did not take it: {reason} Nothing was pushed.") from None


def _reason(failed: GitFailed, secret: str) -> str:
    """The server's own words first, then what became of the branch, then git's."""
    said = [line.removeprefix("remote:").strip() for line in failed.errors.splitlines() if line.startswith("remote:")]
    rejected = re.findall(r"^!\t\S+\t(.*)$", failed.output, re.MULTILINE)
    own = [line for line in failed.errors.splitlines() if line.startswith(("fatal:", "error:", "ssh:", "Host key", "git@", "Permission"))]
    found = " ".join(line for line in [*said, *rejected] if line) or (own[0] if own else "it gave no reason")
    text = "".join(letter for letter in found if letter.isprintable())
    text = text.replace(secret, "***") if secret else text
    return re.sub(r"//[^/@\s]+@", "//***@", text)[:LONGEST_REASON].rstrip(".") + "."
