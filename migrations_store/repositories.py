"""One commit of a git repository: fetched into a bare repository of ours, and from there to a checkout."""

import contextlib
import fcntl
import hashlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from migrations_store import git
from migrations_store.checkouts import checkout
from migrations_store.errors import SourceError
from migrations_store.remotes import Remote, route

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ATTRIBUTES = "* -export-ignore -export-subst -text -ident -filter -working-tree-encoding\n"
PART_OF_A_COMMIT = re.compile(r"[0-9a-f]{7,63}")


def check_out(remote: Remote, ref: str) -> tuple[Path, str]:
    """The folder that holds the whole tree of the ref's commit now, and the commit."""
    with private_clone(remote) as place:
        commit = _fetched(place, remote, ref)
        return checkout(place, commit), commit


@contextlib.contextmanager
def private_clone(remote: Remote) -> Iterator[Path]:
    """The folder of our bare repository for this address, held alone."""
    place = Path(settings.DATA_DIR).resolve() / "git" / hashlib.sha256(remote.url.encode()).hexdigest()[:24]
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_suffix(".lock")):
        yield place


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One at a time on one repository: two fetches would write over each other's FETCH_HEAD and shallow file."""
    deadline = time.monotonic() + settings.GIT_TIMEOUT
    with lock.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SourceError("Another reading of this repository has not ended yet. Try again in a minute.") from None
                time.sleep(0.05)
        yield


# --- fetching


def _fetched(repository: Path, remote: Remote, ref: str) -> str:
    """The commit. A repository that has grown beyond the limit over time is fetched anew, for one commit is all that is needed."""
    for is_last in (False, True):
        _initialise(repository)
        commit = _fetch(repository, remote, ref)
        if _size(repository) <= settings.GIT_MAX_BYTES:
            return commit
        shutil.rmtree(repository, ignore_errors=True)
        if is_last:
            break
    raise git.too_large()


def _initialise(repository: Path) -> None:
    """A bare repository. Its attributes come before those in the tree, which could leave files out of the checkout or change them."""
    if not (repository / "HEAD").exists():
        shutil.rmtree(repository, ignore_errors=True)
        git.run("init", "--quiet", "--bare", "--template=", str(repository), cwd=repository.parent)
        (repository / "info").mkdir(exist_ok=True)
    (repository / "info" / "attributes").write_text(ATTRIBUTES)


def _fetch(repository: Path, remote: Remote, ref: str) -> str:
    """Brings the ref and answers its commit. A commit's id is asked for as such; some servers refuse that, then all branches come."""
    way = route(remote)
    fetch = (*way.options, "fetch", "--quiet", "--no-recurse-submodules")
    try:
        git.run(*fetch, "--no-tags", "--depth=1", "--", remote.url, ref, cwd=repository, ssh=way.ssh)
    except SourceError as error:
        if COMMIT.fullmatch(ref):
            git.run(*fetch, "--", remote.url, "+refs/heads/*:refs/heads/*", cwd=repository, ssh=way.ssh)
            return _commit(repository, ref)
        if PART_OF_A_COMMIT.fullmatch(ref):
            raise SourceError(f"{error} If {ref} is a commit, give its whole id.") from None
        raise
    return _commit(repository, "FETCH_HEAD")


def _commit(repository: Path, name: str) -> str:
    return git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", cwd=repository).strip()


def _size(repository: Path) -> int:
    return sum(path.stat().st_size for path in (repository / "objects").rglob("*") if path.is_file())
