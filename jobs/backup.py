"""The backup before a migration: the policy's command, run to its end on the worker's machine, and what it left, with its hash.

It runs as the dashboard's own user, never as that of the projects: what it writes is a copy of the data.
"""

import hashlib
import os
import re
import secrets as random
import selectors
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from environments.models import Database
from environments.policies import Rules
from jobs import leftovers
from jobs.isolation import Isolation
from jobs.models import Job
from jobs.output import Output
from jobs.recorder import Recorder
from jobs.redaction import Redactor
from jobs.supervisor import COOKIE, DRAIN_TIMEOUT, PASSED_ON, TERM_TIMEOUT, TICK

STREAM = "backup"
PIECE = 1 << 20
UNCHANGED = "The migration was not begun, and the database is unchanged."


@dataclass(frozen=True)
class BackupResult:
    """`kept` is for the job's row: {program, file, size, sha256, files, seconds}; None where there is no backup, and then `why` says
    why in sentences. `canceled`: somebody asked to cancel the job meanwhile."""

    kept: dict[str, Any] | None = None
    why: str = ""
    canceled: bool = False


def run(job: Job, rules: Rules, recorder: Recorder, password: str) -> BackupResult:
    """Runs `rules.backup_command` for the job's database; its output goes into the job's log. Returns once no process of it is left."""
    place = Path(settings.DATA_DIR) / "backups" / f"job-{job.pk}"
    shutil.rmtree(place, ignore_errors=True)  # of a worker that vanished in the middle of it
    for folder in (place.parent, place, place / "files"):
        folder.mkdir(mode=0o700, exist_ok=True)
    result = _run(job, rules, recorder, password, place)
    if result.kept is None or not result.kept["files"]:
        shutil.rmtree(place, ignore_errors=True)
    return result


def _run(job: Job, rules: Rules, recorder: Recorder, password: str, place: Path) -> BackupResult:
    begun = time.monotonic()
    try:
        words = filled(rules.backup_command, job.database, place)
        recorder.say(f"Backup before the migration: {words[0]}, within {rules.backup_timeout} s")
        command = Command(words, environment(job, password), Redactor([password] if password else []), recorder)
    except ValueError as error:
        return BackupResult(why=f"{error} {UNCHANGED}")
    except OSError as error:
        return BackupResult(why=f"The backup's program could not be started: {words[0]}: {error.strerror}. {UNCHANGED}")
    try:
        stopped = command.watch(rules.backup_timeout)
    finally:
        command.end()
    if stopped == "cancel":
        return BackupResult(why=f"The job was canceled while its backup was made. {UNCHANGED}", canceled=True)
    if stopped:
        return BackupResult(why=f"The backup was not ready within {rules.backup_timeout} s, and was stopped. {UNCHANGED}")
    if command.process.returncode:
        return BackupResult(why=f"The backup failed: {words[0]} {_ended(command.process.returncode)}. {UNCHANGED}")
    return _kept(rules.backup_command, words[0], place, time.monotonic() - begun, recorder)


def filled(command: str, database: Database, place: Path) -> list[str]:
    """The words of the command with the places filled in. ValueError where a value would be taken for an option."""
    values = {
        "host": database.host, "port": str(database.port or ""), "username": database.username, "database": database.database,
        "file": str(place / "files" / "backup"), "directory": str(place / "files"),
    }  # fmt: skip
    words = []
    for word in shlex.split(command):
        words.append(re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), word))
        if words[-1].startswith("-") and not word.startswith("-"):
            raise ValueError(f"The backup was not begun: {word} would be filled in with something that begins with a hyphen.")
    return words


def environment(job: Job, password: str) -> dict[str, str]:
    """Where programs are, and the password by the names that the usual clients know; nothing else of the dashboard's own."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    known = {"LANG": "C.UTF-8", "PGAPPNAME": f"alembic-dashboard backup of job {job.pk}", "PGCONNECT_TIMEOUT": "10"}
    if mode := job.database.query.get("sslmode"):
        known["PGSSLMODE"] = str(mode)
    return passed_on | known | ({"PGPASSWORD": password, "MYSQL_PWD": password} if password else {})


class Command:
    """The running program and its output."""

    def __init__(self, words: list[str], environment: dict[str, str], redactor: Redactor, recorder: Recorder) -> None:
        self.recorder, cookie = recorder, random.token_hex(16)
        self.mark = f"{COOKIE}={cookie}"
        leftovers.adopt()
        self.others = leftovers.descendants(os.getpid(), dead=True)
        self.output = Output(redactor, self._line)
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env=environment | {COOKIE: cookie},
            umask=0o077,
            **Isolation().options(),
        )
        self.selector = selectors.DefaultSelector()
        for stream, name in ((self.process.stdout, "stdout"), (self.process.stderr, "stderr")):
            assert stream
            os.set_blocking(stream.fileno(), False)
            self.selector.register(stream, selectors.EVENT_READ, name)

    def watch(self, timeout: float) -> str:
        """Until it has ended and said all it had to say: "" if it ended by itself, else why it was stopped (cancel or timeout)."""
        deadline, kill_at, stopped = time.monotonic() + timeout, None, ""
        while os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            self._listen()
            self.recorder.tick()
            now = time.monotonic()
            if kill_at is None and (now > deadline or self.recorder.should_stop()):
                stopped, kill_at = "timeout" if now > deadline else "cancel", now + TERM_TIMEOUT
                self._signal(signal.SIGTERM)
            elif kill_at is not None and now > kill_at:
                self._kill()
        self._drain()
        return stopped

    def _listen(self) -> None:
        if not self.selector.get_map():
            time.sleep(TICK)
        for key, _ in self.selector.select(TICK):
            data = os.read(key.fd, 1 << 16)
            if data:
                self.output.feed(key.data, data, datetime.now(UTC))
            else:
                self.selector.unregister(key.fileobj)

    def _drain(self) -> None:
        """What is still in the pipes; whatever holds them open now was left behind, and goes first."""
        self._kill()
        deadline = time.monotonic() + DRAIN_TIMEOUT
        while self.selector.get_map() and time.monotonic() < deadline:
            self._listen()
        self.output.finish(datetime.now(UTC))
        self.process.wait()

    def _line(self, stream: str, text: str, at: datetime) -> None:
        self.recorder.line(stream if stream == "dashboard" else STREAM, text, at)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        leftovers.kill_all(self.mark, self.process.pid, self.others)

    def end(self) -> None:
        """Whatever happened: no process, no zombie, no open descriptor."""
        if self.process.returncode is None:
            self._kill()
            self.process.wait()
        leftovers.collect(self.others)
        self.selector.close()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


def _kept(command: str, program: str, place: Path, seconds: float, recorder: Recorder) -> BackupResult:
    """What lies there now. A command that should have written something, and has not, has failed."""
    files = sorted(path for path in (place / "files").rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files)
    if not size and re.search(r"\{(?:file|directory)\}", command):
        return BackupResult(why=f"The backup failed: {program} ended without an error, but has written nothing. {UNCHANGED}")
    kept: dict[str, Any] = {"program": program, "files": len(files), "size": size, "seconds": round(seconds, 1), "file": "", "sha256": ""}
    if files:
        shown = files[0] if len(files) == 1 else place / "files"
        kept |= {"file": str(shown.relative_to(settings.DATA_DIR)), "sha256": _hash(files, place / "files", recorder)}
        recorder.say(f"Backup kept: {kept['file']}, {size:,} bytes, SHA-256 {kept['sha256']}")
    return BackupResult(kept)


def _hash(files: list[Path], root: Path, recorder: Recorder) -> str:
    """Of one file its SHA-256; of several that of the list which sha256sum would print."""
    hashes = [(_hash_of(path, recorder.tick), path.relative_to(root)) for path in files]
    if len(hashes) == 1:
        return hashes[0][0]
    return hashlib.sha256("".join(f"{digest}  {path}\n" for digest, path in hashes).encode("utf-8", "surrogateescape")).hexdigest()


def _hash_of(path: Path, tick: Callable[[], None]) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in _pieces(file):
            digest.update(piece)
            tick()  # a large backup takes longer than a worker may be silent
    return digest.hexdigest()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(PIECE):
        yield piece


def _ended(code: int) -> str:
    return f"ended with status {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
