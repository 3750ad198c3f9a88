"""Where a project's code lies on disk: a directory as it is, or an immutable checkout of one commit of a git repository."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from migrations_store.errors import SourceError
from migrations_store.models import Project, SourceKind

SCP_LIKE = re.compile(r"(?:[A-Za-z0-9_][\w.\-]*@)?([A-Za-z0-9][\w.\-]*):(?!//)(.+)", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9][\w.\-]*|\[[0-9a-fA-F:]+\]", re.ASCII)
REF = re.compile(r"[A-Za-z0-9_][\w./+\-]*", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
LONGEST_URL = 1000


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
    if not host or not HOST.fullmatch(host):
        raise SourceError("The git address names no valid host.")
    if parts.password or (scheme == "https" and parts.username):
        raise SourceError(
            "The git address must hold no password or token. Use an ssh key, or the .netrc file of the account that runs the dashboard."
        )
    return url


def check_ref(ref: str) -> str:
    """A branch, a tag or a commit; no expression, no option."""
    if not REF.fullmatch(ref) or len(ref) > 255 or ".." in ref or ref.endswith((".lock", "/", ".")) or "//" in ref or "/." in ref:
        raise SourceError(f"{ref[:60]!r} is not a branch, a tag or a commit.")
    return ref


def _read_git(project: Project) -> SourceReading:
    url, ref = check_url(project.source_url), check_ref(project.source_ref or "main")
    repository = _repository(url)
    commit = _fetch(repository, url, ref)
    checkout = _checkout(repository, commit)
    root = checkout / project.source_subdirectory
    inside = os.path.realpath(root) == str(checkout) or os.path.realpath(root).startswith(f"{checkout}{os.sep}")
    if not inside or not root.is_dir():
        raise SourceError(f"There is no folder {project.source_subdirectory[:200]!r} in {ref} of the repository.")
    return SourceReading(Path(os.path.normpath(root)), commit)


def _repository(url: str) -> Path:
    """A bare repository for this address, made at the first call."""
    place = Path(settings.DATA_DIR) / "git" / hashlib.sha256(url.encode()).hexdigest()[:24]
    if not (place / "HEAD").exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        _git("init", "--quiet", "--bare", str(place), cwd=place.parent)
    return place


def _fetch(repository: Path, url: str, ref: str) -> str:
    """Brings the ref and answers its commit. A commit's id is asked for as such; some servers refuse that, then all branches come."""
    try:
        _git("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--depth=1", "--", url, ref, cwd=repository)
    except SourceError:
        if not COMMIT.fullmatch(ref):
            raise
        _git("fetch", "--quiet", "--no-recurse-submodules", "--", url, "+refs/heads/*:refs/heads/*", cwd=repository)
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}", cwd=repository).strip()
    _check_size(repository)
    return _git("rev-parse", "--verify", "--quiet", "FETCH_HEAD^{commit}", cwd=repository).strip()


def _check_size(repository: Path) -> None:
    size = sum(path.stat().st_size for path in (repository / "objects").rglob("*") if path.is_file())
    if size > settings.GIT_MAX_BYTES:
        shutil.rmtree(repository, ignore_errors=True)
        raise SourceError(f"The repository is larger than {settings.GIT_MAX_BYTES:,} bytes (GIT_MAX_BYTES).")


def _checkout(repository: Path, commit: str) -> Path:
    """The whole tree of the commit, made once; complete as soon as it is there, for it is moved into place."""
    place = Path(settings.DATA_DIR).resolve() / "checkouts" / f"{commit}-{repository.name[:8]}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=place.parent))
    try:
        _extract(repository, commit, draft)
        draft.rename(place)
    except OSError:
        if not place.is_dir():  # someone else was quicker
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def _extract(repository: Path, commit: str, target: Path) -> None:
    command = ["git", *_safe_options(), "archive", "--format=tar", commit]
    with subprocess.Popen(command, cwd=repository, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                total = 0
                for member in archive:
                    total += member.size
                    if total > settings.GIT_MAX_BYTES:
                        raise SourceError(f"The tree is larger than {settings.GIT_MAX_BYTES:,} bytes (GIT_MAX_BYTES).")
                    archive.extract(member, target, filter="data")
        except tarfile.FilterError as error:
            raise SourceError(
                f"The repository holds an entry that leads out of its tree, which is refused: {error.tarinfo.name[:200]}."
            ) from None
        except tarfile.TarError:
            raise SourceError("The commit's tree could not be read.") from None
        finally:
            process.kill()


def _git(*arguments: str, cwd: Path) -> str:
    try:
        done = subprocess.run(
            ["git", *_safe_options(), *arguments],
            cwd=cwd, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=settings.GIT_TIMEOUT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SourceError(f"git did not answer within {settings.GIT_TIMEOUT} s.") from None
    except FileNotFoundError:
        raise SourceError("git is not installed on this machine.") from None
    if done.returncode:
        raise SourceError(f"git could not read the repository: {_reason(done.stderr)}")
    return done.stdout.decode("utf-8", "replace")


def _reason(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(("fatal:", "error:", "ssh:", "Host key"))]
    text = re.sub(r"//[^/@\s]+@", "//***@", lines[0] if lines else "it gave no reason")
    return re.sub(r"^(fatal|error): ", "", text)[:300].rstrip(".") + "."


def _safe_options() -> list[str]:
    options = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "submodule.recurse=false", "http.followRedirects=false",
               "transfer.fsckObjects=true", "gc.auto=0", "safe.directory=*", "protocol.ext.allow=never", "core.askPass=")  # fmt: skip
    return [part for option in options for part in ("-c", option)]


def _environment() -> dict[str, str]:
    """No one's configuration, no questions; ssh only to hosts that the account already knows."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY")
        if name in os.environ
    }
    return kept | {
        "LANG": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": "https:ssh:file" if settings.GIT_ALLOW_FILE else "https:ssh",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10",
    }
