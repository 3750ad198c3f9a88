"""The supervisor, with real processes: started in a program of its own and watched from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.patience import eventually, is_gone

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys
from config.processes import Child, Supervisor
with Supervisor() as supervisor:
    supervisor.stages += [[Child(f"child {n}", ["sh", "-c", script], dict(os.environ))] for n, script in enumerate(sys.argv[1:])]
    supervisor.run(lambda: True, lambda: print("ready", flush=True))
"""


class Watched:
    """The program with one child for each shell script."""

    def __init__(self, *scripts: str) -> None:
        command = [sys.executable, "-c", PROGRAM, *scripts]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def end(self, number: int = signal.SIGTERM) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=20)[1]


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    watched: list[Watched] = []

    def start(*scripts: str) -> Watched:
        watched.append(Watched(*scripts))
        return watched[-1]

    yield start
    for one in watched:
        one.process.kill()
        one.process.communicate()


def pid_in(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text().strip(), 10, "the process has told its id")
    return int(path.read_text())


def test_supervisor_stops_children(watch, tmp_path):
    watched = watch(f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    pid = pid_in(tmp_path / "pid")
    watched.end()
    assert watched.process.returncode == 0
    assert is_gone(pid)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_supervisor_stops_on_signal(watch, tmp_path, number):
    watched = watch(f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    pid = pid_in(tmp_path / "pid")
    watched.end(number)
    assert is_gone(pid)


def test_supervisor_waits_as_long_as_it_was_told(tmp_path):
    """Neither less than the grace of running jobs, nor the same whatever that is."""
    told = "from config import processes\nprocesses.STOP_MARGIN = 0\n" + PROGRAM.replace(
        "    supervisor.run", "    supervisor.grace = 6\n    supervisor.run"
    )
    child = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 1; done"
    with subprocess.Popen([sys.executable, "-c", told, child], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        pid = pid_in(tmp_path / "pid")
        began = time.monotonic()
        process.terminate()
        said = process.communicate(timeout=30)[1].decode()
    assert 5.5 < time.monotonic() - began < 20
    assert "Waiting for running jobs; 6 s after the stop they are canceled." in said
    assert is_gone(pid)


def test_supervisor_kills_daemons(watch, tmp_path):
    watched = watch(f"setsid sh -c 'setsid sleep 1000 & echo $! > {tmp_path}/pid' & exec sleep 1000")
    pid = pid_in(tmp_path / "pid")
    watched.end()
    assert is_gone(pid)


def test_supervisor_starts_child_again(watch, tmp_path):
    watched = watch(f"echo $$ >> {tmp_path}/pids; exec sleep 1000")
    os.kill(pid_in(tmp_path / "pids"), signal.SIGKILL)
    eventually(lambda: len((tmp_path / "pids").read_text().split()) == 2, 10, "both have told their ids")
    assert "child 0 ended with -9; it starts again in 1 s." in watched.end()


def test_supervisor_waits_longer_each_time(watch):
    watched = watch("exit 3")
    time.sleep(2)
    delays = [line.rpartition(" in ")[2] for line in watched.end().splitlines()]
    assert delays == ["1 s.", "2 s."]


def test_supervisor_stops_in_stages(watch, tmp_path):
    first = f"trap 'sleep 0.5; echo first >> {tmp_path}/order; exit' TERM; echo up > {tmp_path}/up; while :; do sleep 0.05; done"
    second = f"trap 'echo second >> {tmp_path}/order; exit' TERM; while :; do sleep 0.05; done"
    watched = watch(first, second)
    eventually((tmp_path / "up").exists, 10, "it is up")
    watched.end()
    assert (tmp_path / "order").read_text().split() == ["first", "second"]


def test_killed_supervisor_leaves_nothing(watch, tmp_path):
    watched = watch(f"echo $$ > {tmp_path}/pid; exec sleep 1000")
    pid = pid_in(tmp_path / "pid")
    watched.end(signal.SIGKILL)
    eventually(lambda: is_gone(pid), 10, "the process is gone")


def test_supervisor_ends_children_on_error(tmp_path):
    program = PROGRAM.replace("lambda: True", "lambda: 1 / 0")
    script = f"echo $$ > {tmp_path}/pid; exec sleep 1000"
    done = subprocess.run([sys.executable, "-c", program, script], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert "ZeroDivisionError" in done.stderr
    assert not (tmp_path / "pid").exists() or is_gone(pid_in(tmp_path / "pid"))


BROKEN = """
from config import processes
from config.embedded import CannotStart, Server
processes.LONGEST_DELAY = 1.0

class Broken(Server):
    name, tries = "Broker", 0
    def start(self):
        self.tries += 1
        if self.tries < 3:
            raise CannotStart("The disk is full.")
    def is_running(self):
        return self.tries >= 3

with processes.Supervisor() as supervisor:
    supervisor.servers += [Broken("/tmp")]
    supervisor.stages += [[processes.Child("child", ["sleep", "1000"], {"PATH": "/usr/bin:/bin"})]]
    supervisor.run(lambda: supervisor.servers[0].is_running(), lambda: print(supervisor.children[0].is_running(), flush=True))
"""


def test_server_that_does_not_come_back_ends_nothing_else():
    process = subprocess.Popen([sys.executable, "-c", BROKEN], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "True\n", "the child ran on until the server was there"
    process.terminate()
    _, said = process.communicate(timeout=20)
    assert said.count("The disk is full. It is tried again in 1 s.") == 2
