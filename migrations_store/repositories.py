"""Git as a stranger's program on a stranger's data: no options, hooks or configuration of theirs, and limits on time and size.

Addresses and refs have been checked before they come here (migrations_store.remotes).
"""

import contextlib
import fcntl
import hashlib
import os
import re
import resource
import shutil
import signal
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from django.conf import settings

from migrations_store.errors import SourceError
from migrations_store.remotes import Remote, route

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
PART_OF_A_COMMIT = re.compile(r"[0-9a-f]{7,63}")
MOST_ENTRIES = 100_000
LONGEST_NAME = 1000  # far below PATH_MAX, beyond which links are no longer followed to their end
ENTRY_BYTES = 512


def check_out(remote: Remote, ref: str) -> tuple[Path, str]:
    """The folder that holds the whole tree of the ref's commit now, and the commit."""
    place = Path(settings.DATA_DIR).resolve() / "git" / hashlib.sha256(remote.url.encode()).hexdigest()[:24]
    place.parent.mkdir(parents=True, exist_ok=True)
    with _alone(place.with_suffix(".lock")):
        commit = _fetched(place, remote, ref)
        return _checkout(place, commit), commit


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
    raise _too_large()


def _initialise(repository: Path) -> None:
    """A bare repository. Its attributes come before those in the tree, which could leave files out of the checkout or change them."""
    if not (repository / "HEAD").exists():
        shutil.rmtree(repository, ignore_errors=True)
        _git("init", "--quiet", "--bare", "--template=", str(repository), cwd=repository.parent)
        (repository / "info").mkdir(exist_ok=True)
        (repository / "info" / "attributes").write_text("* -export-ignore -export-subst\n")


def _fetch(repository: Path, remote: Remote, ref: str) -> str:
    """Brings the ref and answers its commit. A commit's id is asked for as such; some servers refuse that, then all branches come."""
    way = route(remote)
    fetch = (*way.options, "fetch", "--quiet", "--no-recurse-submodules")
    try:
        _git(*fetch, "--no-tags", "--depth=1", "--", remote.url, ref, cwd=repository, ssh=way.ssh)
    except SourceError as error:
        if COMMIT.fullmatch(ref):
            _git(*fetch, "--", remote.url, "+refs/heads/*:refs/heads/*", cwd=repository, ssh=way.ssh)
            return _commit(repository, ref)
        if PART_OF_A_COMMIT.fullmatch(ref):
            raise SourceError(f"{error} If {ref} is a commit, give its whole id.") from None
        raise
    return _commit(repository, "FETCH_HEAD")


def _commit(repository: Path, name: str) -> str:
    return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", cwd=repository).strip()


def _size(repository: Path) -> int:
    return sum(path.stat().st_size for path in (repository / "objects").rglob("*") if path.is_file())


# --- checking out


def _checkout(repository: Path, commit: str) -> Path:
    """The whole tree of the commit, made once; complete as soon as it is there, for it is moved into place."""
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
    with _started("archive", "--format=tar", commit, cwd=repository, errors=subprocess.DEVNULL) as process:
        assert process.stdout
        try:
            _unpack(process.stdout, target)
            while process.stdout.read(65536):
                pass  # what follows the archive's end
            if process.wait():
                raise SourceError("git could not read the commit's whole tree.")
        except tarfile.FilterError as error:
            name = error.tarinfo.name[:200]
            raise SourceError(f"The repository holds an entry that leads out of its tree, which is refused: {name}.") from None
        except (tarfile.TarError, UnicodeError):
            raise SourceError("The commit's tree could not be read.") from None
        finally:
            _kill(process)


def _unpack(stream: IO[bytes], target: Path) -> None:
    """Entry by entry, so that a small repository with an endless tree ends at the limit and not at the disk's end."""
    total, deadline, links = 0, time.monotonic() + settings.GIT_TIMEOUT, []
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        for count, member in enumerate(archive):
            total += member.size + ENTRY_BYTES
            if total > settings.GIT_MAX_BYTES or count >= MOST_ENTRIES:
                raise _too_large()
            if time.monotonic() > deadline:
                raise SourceError(f"The tree could not be unpacked within {settings.GIT_TIMEOUT} s (GIT_TIMEOUT).")
            if len(member.name) > LONGEST_NAME:
                raise SourceError(f"The repository holds a path of more than {LONGEST_NAME} characters: {member.name[:200]}…")
            links += [member] if member.issym() else []
            archive.extract(member, target, filter="data")
    _refuse_outside(links, target)


def _refuse_outside(links: list[tarfile.TarInfo], target: Path) -> None:
    """Looked at again when all is there: a link was harmless while the place that it goes through did not exist yet."""
    for member in links:
        if not Path(os.path.realpath(target / member.name)).is_relative_to(target):
            raise tarfile.LinkOutsideDestinationError(member, os.path.realpath(target / member.name))


# --- running git


def _git(*arguments: str, cwd: Path, ssh: str = "false") -> str:
    with _started(*arguments, cwd=cwd, ssh=ssh) as process:
        try:
            output, errors = process.communicate(timeout=settings.GIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise SourceError(f"git did not answer within {settings.GIT_TIMEOUT} s (GIT_TIMEOUT).") from None
        finally:
            _kill(process)
    if process.returncode and b"signal 25" in errors:
        raise _too_large()
    if process.returncode:
        raise SourceError(f"git could not read the repository: {_reason(errors)}")
    return output.decode("utf-8", "replace")


def _started(*arguments: str, cwd: Path, ssh: str = "false", errors: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """In a group of its own, so that its helpers end with it; no file that it writes may be larger than the limit."""
    try:
        process = subprocess.Popen(
            ["git", *_safe_options(), *arguments],
            cwd=cwd, env=_environment(ssh), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise SourceError("git is not installed on this machine.") from None
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (settings.GIT_MAX_BYTES, settings.GIT_MAX_BYTES))
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """The whole group: git's own helpers outlive a git that is killed."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _too_large() -> SourceError:
    return SourceError(f"The repository is larger than {settings.GIT_MAX_BYTES:,} bytes (GIT_MAX_BYTES).")


def _reason(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(("fatal:", "error:", "ssh:", "Host key"))]
    text = re.sub(r"//[^/@\s]+@", "//***@", lines[0] if lines else "it gave no reason")
    return re.sub(r"^(fatal|error): ", "", text)[:300].rstrip(".") + "."


def _safe_options() -> list[str]:
    options = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false", "http.followRedirects=false",
               "transfer.fsckObjects=true", "gc.auto=0", "safe.directory=*", "protocol.ext.allow=never", "core.askPass=")  # fmt: skip
    return [part for option in options for part in ("-c", option)]


def _environment(ssh: str) -> dict[str, str]:
    """No one's configuration, no questions; ssh only to hosts that the account already knows."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "HTTPS_PROXY", "NO_PROXY")
        if name in os.environ
    }
    return kept | {
        "LANG": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file" if settings.GIT_ALLOW_FILE else "https:ssh",
        "GIT_SSH_COMMAND": ssh,
    }
