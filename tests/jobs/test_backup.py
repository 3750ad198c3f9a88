"""The backup before a migration: real programs, their output, their files, and what is left of them when they are stopped."""

import hashlib
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from sqlalchemy import NullPool, create_engine, text

from accounts.models import User
from config.embedded import EmbeddedPostgres, postgres_program
from environments import policies
from environments import services as environments
from environments.models import Database, Policy
from jobs import backup, services
from jobs.backup import BackupResult
from jobs.models import Job, JobStatus, LogChunk
from jobs.recorder import Recorder
from tests.support.patience import eventually, is_gone

Run = Callable[..., BackupResult]


@pytest.fixture
def job(database: Database, admin: User) -> Job:
    """As a worker has claimed it."""
    found = services.request_job(database, user=admin, command="upgrade", revision="head")
    Job.objects.filter(pk=found.pk).update(status=JobStatus.RUNNING, started_at=Now())
    found.refresh_from_db()
    return found


@pytest.fixture
def run(job: Job) -> Run:
    def call(*words: str, password: str = "", seconds: int = 20) -> BackupResult:
        command = " ".join(words)
        rules = policies.rules_of(Policy(backup_command=command, backup_timeout=seconds), job.database.environment)
        recorder = Recorder(job)
        result = backup.run(job, rules, recorder, password)
        recorder.flush_all()
        return result

    return call


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    def write(code: str) -> str:
        path = tmp_path / "backup.py"
        path.write_text(f"import os, subprocess, sys, time\nfrom pathlib import Path\n{code}\n")
        return f"{sys.executable} {path}"

    return write


def log(job: Job) -> list[tuple[str, str]]:
    return [(stream, line) for chunk in LogChunk.objects.filter(job=job) for _, _, stream, line in chunk.lines]


def files(job: Job) -> list[str]:
    place = Path(settings.DATA_DIR) / "backups" / f"job-{job.pk}"
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


def gone(pid_file: Path) -> bool:
    return eventually(lambda: is_gone(int(pid_file.read_text())), 5, "the process is gone")


def test_run_keeps_what_the_program_wrote(job: Job, run: Run, script: Any) -> None:
    result = run(script("print('saving', sys.argv[2])\nPath(sys.argv[1]).write_text('all of it')"), "{file}", "{database}")
    assert result.kept is not None, result.why
    digest = hashlib.sha256(b"all of it").hexdigest()
    assert result.kept | {"seconds": 0} == {
        "program": sys.executable, "files": 1, "size": 9, "seconds": 0, "file": f"backups/job-{job.pk}/files/backup", "sha256": digest,
    }  # fmt: skip
    kept = Path(settings.DATA_DIR) / result.kept["file"]
    assert (stat.S_IMODE(kept.stat().st_mode), stat.S_IMODE(kept.parent.stat().st_mode)) == (0o600, 0o700)
    assert ("backup", f"saving {job.database.database}") in log(job)


def test_run_keeps_several_files_under_the_hash_of_their_list(run: Run, script: Any) -> None:
    result = run(script("for n in 'ab':\n    (Path(sys.argv[1]) / n).write_text(n)"), "{directory}")
    assert result.kept is not None, result.why
    lines = "".join(f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in "ab")
    assert (result.kept["files"], result.kept["sha256"]) == (2, hashlib.sha256(lines.encode()).hexdigest())


@pytest.mark.postgresql
def test_run_of_a_real_pg_dump_holds_the_data(job: Job, run: Run, postgres: EmbeddedPostgres, admin: User) -> None:
    url = postgres.create_database("backed_up")
    with create_engine(url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id"))
    environments.update_database(job.database, user=admin, fields={"url": url})
    words = "-h {host} -p {port} -U {username} -f {file} {database}"
    result = run(str(postgres_program("pg_dump")), words, password=postgres.password)
    assert result.kept is not None, (result.why, log(job))
    dump = (Path(settings.DATA_DIR) / result.kept["file"]).read_text()
    assert "CREATE TABLE public.kept" in dump
    assert dump.count("\n") > 1000


FAILING = [
    ("sys.exit('the disk is full')", "ended with status 1"),
    ("pass", "has written nothing"),
    ("Path(sys.argv[1]).write_text('')", "has written nothing"),
    ("Path(sys.argv[1]).write_text('half')\nos.kill(os.getpid(), 9)", "was ended by SIGKILL"),
]


@pytest.mark.parametrize(("code", "why"), FAILING)
def test_run_that_fails_keeps_nothing(job: Job, run: Run, script: Any, code: str, why: str) -> None:
    result = run(script(code), "{file}")
    assert result.kept is None
    assert why in result.why
    assert result.why.endswith("the database is unchanged.")
    assert files(job) == []


def test_run_of_a_program_that_is_not_there_says_so(run: Run) -> None:
    assert "could not be started: /nowhere/pg_dump: No such file" in run("/nowhere/pg_dump", "{file}").why


def test_run_does_not_fill_in_what_would_be_an_option(job: Job, run: Run) -> None:
    job.database.database = "--file=/tmp/stolen"
    assert "begins with a hyphen" in run("echo", "{database}").why


def test_run_fills_in_words_and_not_a_command_line(job: Job, run: Run, script: Any) -> None:
    job.database.database = "a b; touch /tmp/x {file} $HOME"
    result = run(script("print(len(sys.argv), sys.argv[1])"), "{database}")
    assert result.kept == {"program": sys.executable, "files": 0, "size": 0, "seconds": pytest.approx(0, abs=20), "file": "", "sha256": ""}
    assert ("backup", "2 a b; touch /tmp/x {file} $HOME") in log(job)


def test_run_hands_the_password_over_and_shows_it_nowhere(job: Job, run: Run, script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "key-of-the-dashboard")
    code = "print(os.environ['PGPASSWORD'] == os.environ['MYSQL_PWD'] == 'pa55-word'); print(os.environ)"
    result = run(script(code), password="pa55-word")
    assert result.kept is not None, result.why
    shown = str(log(job))
    assert "('backup', 'True')" in shown
    assert "pa55-word" not in shown
    assert "key-of-the-dashboard" not in shown
    assert "DATA_DIR" not in shown


LEFT = """
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
Path(sys.argv[1]).write_text(str(child.pid))
"""


def test_run_that_takes_too_long_is_stopped_with_all_it_started(run: Run, script: Any, tmp_path: Path) -> None:
    begun = time.monotonic()
    result = run(script(LEFT + "time.sleep(60)"), str(tmp_path / "pid"), "{file}", seconds=1)
    assert "not ready within 1 s" in result.why
    assert time.monotonic() - begun < 30
    assert gone(tmp_path / "pid")


def test_run_leaves_nothing_of_a_program_that_has_ended(run: Run, script: Any, tmp_path: Path) -> None:
    result = run(script(LEFT), str(tmp_path / "pid"))
    assert result.kept is not None, result.why
    assert gone(tmp_path / "pid")


def test_run_is_stopped_when_the_job_is_canceled(job: Job, run: Run, script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "TERM_TIMEOUT", 0.5)

    asked = Recorder.should_stop

    def should_stop(recorder: Recorder) -> bool:
        if (tmp_path / "pid").exists():
            Job.objects.filter(pk=job.pk).update(cancel_requested_at=Now())
        return asked(recorder)

    monkeypatch.setattr(Recorder, "should_stop", should_stop)
    result = run(script("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)" + LEFT + "time.sleep(60)"), str(tmp_path / "pid"))
    assert (result.kept, result.canceled) == (None, True)
    assert gone(tmp_path / "pid")
