"""What a project's code can reach: as the dashboard's own user, and as a separate one."""

import dataclasses
import importlib.util
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import concealment
from jobs import isolation, supervisor
from tests.runner.projects import Seen, World, run, table
from tests.support import figures
from tests.support.patience import command_line

NOBODY = 65534
SECRET = "canary-of-another"
PYTHON = Path("/usr/bin/python3")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can start processes as another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody can reach, which pytest's own are not."""
    made = Path(tempfile.mkdtemp(prefix="dashboard-isolation-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def python(place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Python with Alembic, and the runner, where another user can start them."""
    if not PYTHON.exists():
        pytest.skip(f"NOT TESTED: there is no {PYTHON} that another user could start")
    for name in ("alembic", "sqlalchemy", "mako", "markupsafe", "typing_extensions"):
        origin = Path(str(importlib.util.find_spec(name).origin))  # type: ignore[union-attr]
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, place / "site" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, place / "site")
    shutil.copytree(supervisor.RUNNER.parent, place / "runner")
    monkeypatch.setattr(supervisor, "RUNNER", place / "runner" / "__main__.py")
    start = place / "python"
    start.write_text(f'#!/bin/sh\nPYTHONPATH={place}/site exec {PYTHON} "$@"\n')
    subprocess.run(["chmod", "-R", "a+rX", place], check=True)
    start.chmod(0o755)
    return str(start)


@pytest.fixture
def world(place: Path) -> World:
    made = World(place / "open" / "project")
    made.revision("one", table("one"))
    made.root.parent.chmod(0o777)
    return made


@pytest.fixture
def as_nobody(settings) -> None:
    settings.RUNNER_USER = str(NOBODY)


def outcome(label: str, expression: str) -> str:
    """Code that prints whether an expression could be worked out."""
    return f"try: {expression}; print('{label} reached')\nexcept BaseException as error: print('{label} refused', type(error).__name__)"


def hostile(world: World, *attempts: str) -> None:
    world.revision("hostile", "\n".join(attempts))
    for path in [world.root, *world.root.rglob("*")]:
        path.chmod(0o755)


def as_other(code: str, **more: str) -> str:
    """What a program of another user prints, with a secret in its environment."""
    environment = {"PATH": os.environ["PATH"], "SECRET_KEY": SECRET, "PYTHONPATH": more.pop("path", "")}
    done = subprocess.run(
        [PYTHON, "-c", code], check=False, env=environment, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOOK = "import os; print(open(f'/proc/{os.getppid()}/environ').read())"


@as_root
@pytest.mark.parametrize(("hide", "readable"), [("", True), ("concealment.conceal(); ", False)], ids=["open", "concealed"])
def test_a_child_reads_its_parents_environment_only_if_it_is_not_concealed(place: Path, hide: str, readable: bool) -> None:
    shutil.copy(str(concealment.__file__), place)
    (place / "concealment.py").chmod(0o644)
    code = f"import concealment, subprocess, sys; {hide}done = subprocess.run([sys.executable, '-c', {LOOK!r}], env={{}}, capture_output=True, text=True); print(done.stdout, done.stderr)"  # noqa: E501
    shown = as_other(code, path=str(place))
    assert (SECRET in shown) is readable
    assert ("PermissionError" in shown) is not readable


def test_whoever_reads_the_settings_is_concealed() -> None:
    code = "import ctypes; from config import settings; print(ctypes.CDLL(None).prctl(3))"
    done = subprocess.run([sys.executable, "-c", code], cwd=supervisor.RUNNER.parent.parent, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_the_runner_is_concealed_and_cannot_gain_rights(world: World) -> None:
    world.revision(
        "looks", "from ctypes import CDLL; print('dumpable', CDLL(None).prctl(3), 'no new rights', CDLL(None).prctl(39, 0, 0, 0, 0))"
    )
    assert "dumpable 0 no new rights 1" in run(world.spec()).text


@pytest.mark.parametrize(
    ("name", "value", "kind", "wanted"),
    [
        ("RUNNER_OPEN_FILES", 64, "NOFILE", 64),
        ("RUNNER_MEMORY_MIB", 900, "AS", 900 * 1024 * 1024),
        ("RUNNER_PROCESSES", 500, "NPROC", 500),
        ("RUNNER_OPEN_FILES", 0, "CORE", 0),
    ],
)
def test_limits_hold_in_the_child(world: World, settings, name: str, value: int, kind: str, wanted: int) -> None:
    setattr(settings, name, value)
    world.revision("looks", f"import resource; print(resource.getrlimit(resource.RLIMIT_{kind}))")
    assert f"({wanted}, {wanted})" in run(world.spec()).text
    assert resource.getrlimit(getattr(resource, f"RLIMIT_{kind}"))[1] != wanted or kind == "CORE"


def test_too_much_memory_ends_the_run_and_not_the_machine(world: World, settings) -> None:
    settings.RUNNER_MEMORY_MIB = 900
    world.revision("greedy", "x = bytearray(2 * 1024**3)")
    seen = run(world.spec())
    assert (seen.exit.closed, seen.error["type"]) == (False, "MemoryError")


@as_root
def test_another_user_runs_the_migration(world: World, python: str, as_nobody: None) -> None:
    hostile(world, "print('user', os.geteuid(), os.getgroups(), os.path.realpath(os.environ['HOME']), os.environ['TMPDIR'])")
    seen = run(world.spec(), python)
    assert seen.exit.closed, seen.text
    assert "user 65534 [] /tmp/dashboard-job-" in seen.text
    assert not list(Path("/tmp").glob("dashboard-job-*"))
    assert "separate user" in seen.named("started")[0]["isolation"]


HOSTILE = {
    "environment of the worker": "open(f'/proc/{os.getppid()}/environ').read()",
    "memory of the worker": "open(f'/proc/{os.getppid()}/mem', 'rb')",
    "keys": "open('{data}/secret_key.key').read()",
    "store": "open('{data}/store.sqlite3', 'rb').read()",
    "broker": "__import__('socket').socket(1).connect('{data}/valkey/valkey.sock')",
    "data directory": "os.listdir('{data}')",
    "password file": "open('/etc/shadow').read()",
    "home of root": "os.listdir('/root')",
    "signal to the worker": "os.kill(os.getppid(), 0)",
    "root again": "os.setuid(0)",
    "own code": "open(__file__, 'a').write('#')",
    "code of the runner": "open('{runner}', 'a').write('#')",
    "tracing the worker": "traced(os.getppid())",
    "environment of the first process": "open('/proc/1/environ').read(1)",
    "open files of the worker": "os.listdir(f'/proc/{os.getppid()}/fd')",
    "packages of the interpreter": "open(os.path.join(os.path.dirname(os.__file__), 'sitecustomize.py'), 'a')",
    "a library for every program": "open('/etc/ld.so.preload', 'a')",
    "work at a later time": "open('/etc/cron.d/later', 'a')",
    "keys of root": "open('/root/.ssh/authorized_keys', 'a')",
    "settings of git": "open('/root/.gitconfig', 'a')",
    "devices": "os.mknod('/tmp/hole', 0o600 | 0o060000, os.makedev(8, 0))",
    "another root directory": "os.chroot('/tmp')",
    "a mounted disk": "mounted()",
    "rank above the worker": "os.setpriority(os.PRIO_PROCESS, 0, -20)",
}
HANDS = """
def traced(pid):
    libc = __import__('ctypes').CDLL(None, use_errno=True)
    if libc.ptrace(16, pid, 0, 0): raise PermissionError('PTRACE_ATTACH')
def mounted():
    libc = __import__('ctypes').CDLL(None, use_errno=True)
    if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None): raise PermissionError('mount')
"""


@as_root
def test_hostile_code_of_a_separate_user_reaches_nothing(world: World, python: str, place: Path, as_nobody: None) -> None:
    data = place / "data"
    (data / "valkey").mkdir(parents=True)
    data.chmod(0o700)
    for name in ("secret_key.key", "store.sqlite3", "valkey/valkey.sock"):
        (data / name).write_text(SECRET)
    places = {"{data}": str(data), "{runner}": str(place / "runner" / "main.py")}
    attempts = "\n".join(outcome(name, code) for name, code in HOSTILE.items())
    for mark, path in places.items():
        attempts = attempts.replace(mark, path)
    hostile(world, HANDS, attempts)
    seen = run(world.spec(), python)
    assert [name for name in HOSTILE if f"{name} reached" in seen.text] == []
    assert [name for name in HOSTILE if f"{name} refused" not in seen.text] == []
    figures.note(f"hostile attempts of a migration that runs as a separate user: {len(HOSTILE)}, reached 0")


@as_root
def test_killing_everything_kills_nothing_of_ours(world: World, python: str, settings) -> None:
    settings.RUNNER_USER = "daemon"  # not nobody, as whom other tests' servers may run
    witness = subprocess.Popen(["sleep", "60"])
    hostile(world, "os.kill(-1, 9)")
    assert run(world.spec(), python).exit.closed  # the system spares whoever asks for it
    assert witness.poll() is None
    witness.kill()
    witness.wait()


@as_root
def test_fork_bomb_comes_to_its_limit(world: World, python: str, as_nobody: None, settings) -> None:
    settings.RUNNER_PROCESSES = 50
    bomb = ["n = 0", "try:", "    while n < 500:", "        n += 1", "        if os.fork() == 0: time.sleep(30); os._exit(0)"]
    bomb += ["except OSError: pass", "print('forks', n)"]
    hostile(world, *bomb)
    seen = run(world.spec(), python)
    assert seen.exit.closed
    assert int(seen.text.partition("forks ")[2].split()[0]) <= 51
    running = [command_line(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
    assert not [words for words in running if str(world.root.parent.parent).encode() in words]


@as_root
def test_what_another_user_leaves_behind_is_ended(world: World, python: str, place: Path, as_nobody: None) -> None:
    pid = place / "open" / "pid"
    hostile(
        world,
        f"if os.fork() == 0:\n    os.setsid()\n    open({str(pid)!r}, 'w').write(str(os.getpid()))\n    time.sleep(60)",
        "time.sleep(1)",
    )
    assert run(world.spec(), python).exit.closed
    assert not Path(f"/proc/{pid.read_text()}").exists()


@as_root
def test_a_checkout_in_the_private_data_directory_can_be_read_and_its_neighbours_cannot(settings, place: Path, world: World) -> None:
    settings.DATA_DIR = place / "data"
    root = place / "data" / "checkouts" / "abc"
    shutil.copytree(world.root, root)
    (place / "data" / "keys").write_text(SECRET)
    for path in [place / "data", *(place / "data").rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    room = isolation.Room(isolation.Isolation(NOBODY, NOBODY), root)
    shown = as_other(f"print(len(open('{root}/alembic.ini').read()))")
    attempts = {"keys": f"open('{place}/data/keys')", "data": f"os.listdir('{place}/data')", "list": f"os.listdir('{root.parent}')"}
    refused = as_other("\n".join(["import os", *(outcome(name, code) for name, code in attempts.items())]))
    room.clear()
    assert int(shown) > 0
    assert refused.count("refused PermissionError") == 3


@pytest.mark.parametrize(("user", "sentence"), [("no-such-user", "has no such user"), ("0", "no separate user")])
def test_a_user_that_cannot_be_had_ends_the_run_before_it_begins(world: World, settings, user: str, sentence: str) -> None:
    settings.RUNNER_USER = user
    seen: Seen = run(world.spec())
    assert (seen.exit.pid, seen.error["code"]) == (None, "cannot_isolate")
    assert sentence in seen.error["message"]
    assert not world.database.exists()


@as_root
def test_a_worker_without_the_right_refuses_instead_of_running_as_itself(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RUNNER_USER = "daemon"
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    with pytest.raises(isolation.CannotIsolate, match="may not start anything as another"):
        isolation.current()


def test_the_level_is_what_is_in_force() -> None:
    other = isolation.Isolation(NOBODY, NOBODY, "nobody")
    assert [level.level for level in (isolation.Isolation(), isolation.Isolation(in_container=True), other)] == [
        "process",
        "process",
        "user",
    ]
    inside = dataclasses.replace(other, in_container=True)
    assert (inside.level, inside.sentence) == (
        "container",
        "The project's code runs as the separate user nobody, in a container (isolation: container).",
    )
