"""Git as a stranger's program on a stranger's data: no options, hooks or configuration of theirs, and limits on time and size.

Addresses and refs have been checked before they come here (migrations_store.remotes).
"""

import contextlib
import os
import re
import resource
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from django.conf import settings

from migrations_store.errors import SourceError


class GitFailed(SourceError):
    """git's own reason, and all that it wrote: for who knows what else may be in it."""

    def __init__(self, errors: bytes, output: bytes) -> None:
        super().__init__(f"git could not read the repository: {_reason(errors)}")
        self.errors, self.output = errors.decode("utf-8", "replace"), output.decode("utf-8", "replace")


@dataclass(frozen=True)
class Given:
    """What a call of git gets beside its arguments: a text to read, variables, open descriptors."""

    text: bytes | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()


def run(*arguments: str, cwd: Path, ssh: str = "false", given: Given | None = None) -> str:
    """What git answers; `ssh` is the command by which it may call ssh. SourceError with git's own reason where it fails."""
    given = given or Given()
    with _started(*arguments, cwd=cwd, ssh=ssh, given=given) as process:
        try:
            output, errors = process.communicate(given.text, timeout=settings.GIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise too_slow("git did not answer") from None
        finally:
            _kill(process)
    if process.returncode and b"signal 25" in errors:
        raise too_large()
    if process.returncode:
        raise GitFailed(errors, output)
    return output.decode("utf-8", "replace")


@contextlib.contextmanager
def reading(*arguments: str, cwd: Path) -> Iterator[IO[bytes]]:
    """What git writes, as a stream; one that has not ended within the time limit is cut off, also where git writes nothing at all."""
    with _started(*arguments, cwd=cwd, errors=subprocess.DEVNULL) as process:
        assert process.stdout
        timer = threading.Timer(settings.GIT_TIMEOUT, _kill, [process])
        timer.start()
        try:
            yield process.stdout
            _finish(process, process.stdout)
        except SourceError:
            if timer.finished.is_set():
                raise too_slow("The tree could not be read") from None
            raise
        finally:
            timer.cancel()
            _kill(process)


def _finish(process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    while output.read(65536):
        pass  # what follows the end of what was wanted
    if process.wait():
        raise SourceError("git could not read the commit's whole tree.")


def _started(
    *arguments: str, cwd: Path, ssh: str = "false", errors: int = subprocess.PIPE, given: Given | None = None
) -> subprocess.Popen[bytes]:
    """In a group of its own, so that its helpers end with it; no file that it writes may be larger than the limit."""
    given = given or Given()
    source = subprocess.DEVNULL if given.text is None else subprocess.PIPE
    try:
        process = subprocess.Popen(
            ["git", *safe_options(), *arguments], cwd=cwd, env={**_environment(ssh), **given.variables}, stdin=source,
            stdout=subprocess.PIPE, stderr=errors, start_new_session=True, pass_fds=given.descriptors,
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


def too_slow(what: str) -> SourceError:
    return SourceError(f"{what} within {settings.GIT_TIMEOUT} s (GIT_TIMEOUT).")


def too_large() -> SourceError:
    return SourceError(f"The repository is larger than {settings.GIT_MAX_BYTES:,} bytes (GIT_MAX_BYTES).")


def _reason(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.startswith(("fatal:", "error:", "ssh:", "Host key"))]
    text = re.sub(r"//[^/@\s]+@", "//***@", lines[0] if lines else "it gave no reason")
    return re.sub(r"^(fatal|error): ", "", text)[:300].rstrip(".") + "."


def safe_options() -> list[str]:
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
