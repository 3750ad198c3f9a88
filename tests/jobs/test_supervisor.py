"""The child process: watched, stopped, and never left behind."""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs import supervisor
from tests.runner.projects import World, run, table
from tests.support import figures
from tests.support.patience import eventually, is_gone

SECRET = "correct/horse&battery"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project with one good revision."""
    made = World(tmp_path / "project")
    made.revision("one", table("one"))
    return made


def gone(pid_file: Path) -> bool:
    """Whether the process that wrote the file is no more, soon."""
    return eventually(lambda: is_gone(int(pid_file.read_text())), 2, "the process is gone")


def told(path: Path) -> bool:
    return path.exists() and path.read_text() != ""


def says_who(path: Path) -> str:
    return f"open({str(path)!r}, 'w').write(str(os.getpid()))"


def test_stop_ends_a_sleeping_revision(world: World, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    world.revision("sleeps", f"{says_who(pid)}\ntime.sleep(60)")
    start = time.monotonic()
    seen = run(world.spec(), should_stop=lambda: told(pid))
    assert (seen.exit.stopped, seen.exit.timed_out, seen.exit.closed, seen.exit.signal) == (True, False, False, 15)
    assert time.monotonic() - start < 15
    assert gone(pid)


def test_stop_ends_a_revision_that_ignores_it(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "TERM_TIMEOUT", 0.5)
    pid = tmp_path / "pid"
    world.revision("stubborn", f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{says_who(pid)}\ntime.sleep(60)")
    assert run(world.spec(), should_stop=lambda: told(pid)).exit.signal == 9


def test_timeout_ends_it(world: World) -> None:
    world.revision("sleeps", "time.sleep(60)")
    seen = run(world.spec(), timeout=3)
    assert (seen.exit.timed_out, seen.exit.stopped) == (True, False)


def test_a_child_in_the_group_is_ended(world: World, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    world.revision("forks", f"child = subprocess.Popen(['sleep', '60'])\nopen({str(pid)!r}, 'w').write(str(child.pid))")
    assert run(world.spec()).exit.closed
    assert gone(pid)


def test_a_daemon_is_ended_and_does_not_hold_the_end_up(world: World, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    world.revision(
        "daemon",
        f"if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        {says_who(pid)}\n        time.sleep(60)\n    os._exit(0)",
    )
    start = time.monotonic()
    assert run(world.spec(), should_stop=lambda: False).exit.closed
    assert time.monotonic() - start < 15
    assert not pid.exists() or gone(pid)


def test_a_daemon_without_our_mark_is_ended(world: World, tmp_path: Path) -> None:
    """It left the group and its parent, and threw its environment away."""
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    daemon = f"os.setsid()\n    if os.fork() == 0:\n        os.execve(sys.executable, ['python', '-c', {code!r}], {{}})\n    os._exit(0)"
    world.revision("daemon", f"if os.fork() == 0:\n    {daemon}\nwhile not os.path.exists({str(pid)!r}): time.sleep(0.05)")
    assert run(world.spec()).exit.closed
    assert gone(pid)


def test_a_dead_supervisor_leaves_nothing(world: World, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    world.revision("sleeps", f"{says_who(pid)}\ntime.sleep(60)")
    code = "import json, sys; from tests.runner.projects import run; run(json.load(sys.stdin))"
    root = Path(supervisor.__file__).resolve().parent.parent
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=root)
    assert parent.stdin
    parent.stdin.write(json.dumps(world.spec()).encode())
    parent.stdin.close()
    while not told(pid):
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert gone(pid)


def test_a_callback_that_raises_ends_the_child(world: World, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    world.revision("sleeps", f"{says_who(pid)}\ntime.sleep(60)")

    def stop() -> bool:
        if told(pid):
            raise RuntimeError("the store is gone")
        return False

    with pytest.raises(RuntimeError, match="the store is gone"):
        run(world.spec(), should_stop=stop)
    assert gone(pid)


def test_a_python_that_is_not_there(world: World) -> None:
    seen = run(world.spec(), "/nowhere/python")
    assert (seen.exit.returncode, seen.exit.pid, seen.error["code"]) == (None, None, "missing_interpreter")
    assert seen.events == [seen.error]


def test_a_program_that_is_no_python(world: World) -> None:
    seen = run(world.spec(), "/bin/true")
    assert (seen.exit.returncode, seen.exit.closed) == (0, False)


def test_both_streams_become_lines(world: World) -> None:
    world.revision("talks", "print('to stdout')\nprint('to stderr', file=sys.stderr)\nos.write(1, b'nul\\0 and \\xff\\n')")
    assert {("stdout", "to stdout"), ("stderr", "to stderr"), ("stdout", "nul and \ufffd")} <= set(run(world.spec()).lines)


def test_a_flood_does_not_freeze_the_migration(world: World) -> None:
    world.revision("floods", "for _ in range(3000): sys.stdout.write('x' * 10_000 + '\\n')")
    seen = run(world.spec())
    assert seen.exit.closed
    assert sum(len(text) for _, text in seen.lines) < 11 * 1024 * 1024


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "piece", "times"),
    [("1 GiB of lines", "b'\\x1b[31mred\\0\\x1b[0m and \\xff \\n' * 4096", 13800), ("a line of 100 MB", "b'x' * 100_000", 1000)],
)
def test_a_flood_is_drained_in_bounded_memory(world: World, name: str, piece: str, times: int) -> None:
    world.revision("floods", f"piece = {piece}\nfor _ in range({times}):\n    sys.stdout.buffer.write(piece)\nprint('\\nthe end')")
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    seen = run(world.spec(), timeout=280)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    figures.note(f"{name}: drained in {time.monotonic() - start:.1f} s, {len(seen.lines)} lines kept, memory grew by {grown} MiB")
    assert seen.exit.closed
    assert "the end" in [text for _, text in seen.lines]
    assert grown < 150


@pytest.mark.slow
def test_events_without_end_are_not_all_taken(world: World) -> None:
    """Written by the project, which found our descriptor."""
    flood = """
        line = (b'{"event": "sql", "text": "' + b"x" * 10_000 + b'"}\\n') * 100
        pipes = [number for number in map(int, os.listdir("/proc/self/fd")) if number > 2 and number < 64]
        for number in pipes:
            if not os.path.exists(f"/proc/self/fd/{number}") or not os.readlink(f"/proc/self/fd/{number}").startswith("pipe"): continue
            try:
                for _ in range(100): os.write(number, line)
            except OSError: pass
    """
    world.revision("forges", flood)
    world.revision("later", "pass")
    seen = run(world.spec())
    assert seen.exit.closed
    assert 100 < len(seen.named("sql")) < 7000
    assert [event["revision"] for event in seen.named("step_finished")] == ["one", "forges", "later"]


@pytest.mark.slow
def test_silence_ends_it(world: World) -> None:
    """What says something now and then is left alone."""
    world.revision("talks", "for _ in range(20): print('.', flush=True); time.sleep(0.5)")
    world.revision("silent", "time.sleep(60)")
    seen = run(world.spec(), silence=8)
    assert (seen.exit.timed_out, seen.exit.silent, seen.exit.stopped) == (True, True, False)
    assert [event["revision"] for event in seen.named("step_finished")] == ["one", "talks"]


def test_no_line_and_no_event_holds_a_secret(world: World) -> None:
    world.revision("tells", f"print({SECRET!r})\nop.execute(\"SELECT '{SECRET}'\")\nraise RuntimeError({SECRET!r})")
    seen = run(world.spec(env_vars={"DSN": SECRET}), secrets=[SECRET])
    assert "***" in seen.text
    assert seen.error["message"] == "***"
    assert "horse" not in json.dumps(seen.events) + seen.text


def test_the_specification_is_in_no_argument_and_no_environment(world: World) -> None:
    world.revision("looks", "print(open('/proc/self/cmdline').read(), open('/proc/self/environ').read())")
    seen = run(world.spec(env_vars={"DSN": SECRET}))
    assert "PATH=" in seen.text
    assert SECRET not in seen.text


def test_nothing_of_our_environment_reaches_the_project(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "ours")
    world.revision(
        "looks", "print('SECRET_KEY' in os.environ, 'DJANGO_SETTINGS_MODULE' in os.environ, 'ALEMBIC_DASHBOARD_EVENTS_FD' in os.environ)"
    )
    assert "False False False" in run(world.spec()).text


def test_no_descriptor_is_left(world: World) -> None:
    run(world.spec())
    before = len(list(Path("/proc/self/fd").iterdir()))
    run(world.spec(**{"from": ["one"]}))
    run(world.spec(), "/nowhere/python")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_large_specification_passes(world: World) -> None:
    assert run(world.spec(env_vars={"LARGE": "x" * 100_000, "MORE": "y" * 120_000})).exit.closed
