"""The server command as a person runs it: a program that is started, asked and stopped."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded import free_port
from tests.support.dashboard import ROOT, Dashboard, serving
from tests.support.patience import eventually

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path) -> Iterator[Path]:
    return tmp_path / "data"


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Iterator[tuple[Dashboard, list[str]]]:
    """A server at its first start, and what it printed until it was ready."""
    with serving(tmp_path_factory.mktemp("first") / "data") as dashboard:
        yield dashboard, dashboard.wait_until_ready()


def test_server_prints_generated_password(first):
    _, printed = first
    assert printed[0].startswith("admin password: ")
    assert len(printed) == 2


def test_server_keeps_its_data_private(first):
    dashboard, _ = first
    assert stat.S_IMODE(dashboard.data.stat().st_mode) == 0o700
    for path in dashboard.data.glob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    command_lines = " ".join(dashboard.processes())
    assert (dashboard.data / "secret_key.key").read_text().strip() not in command_lines


def test_server_starts_dead_web_again(first):
    dashboard, _ = first
    victims = [path for path in Path("/proc").glob("[0-9]*") if is_gunicorn_of(path, dashboard)]
    os.kill(min(int(path.name) for path in victims), signal.SIGKILL)
    time.sleep(1)
    eventually(lambda: serves_again(dashboard), 20, "it serves again", every=0.2)
    assert any("web ended with -9" in line for line in dashboard.stderr)


def serves_again(dashboard: Dashboard) -> bool:
    with contextlib.suppress(OSError):
        return bool(dashboard.get("/healthz")["status"] == "ok")
    return False


def is_gunicorn_of(path: Path, dashboard: Dashboard) -> bool:
    with contextlib.suppress(OSError):
        return f"--bind=127.0.0.1:{dashboard.port}".encode() in (path / "cmdline").read_bytes()
    return False


def test_server_refuses_taken_port(data):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        command = [ROOT / "script/server", "--data", data, "--port", str(listener.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "is taken by another program" in done.stderr
    assert "Traceback" not in done.stderr


def test_server_refuses_data_of_a_running_one(first):
    dashboard, _ = first
    command = [ROOT / "script/server", "--data", dashboard.data, "--port", str(free_port())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Another server runs with the data in" in done.stderr


def test_killed_server_leaves_nothing_and_starts_again(first):
    """The last that `first` goes through."""
    killed, _ = first
    killed.stop(signal.SIGKILL)
    eventually(lambda: killed.processes() == [], 20, "everything of it is gone", every=0.1)
    with serving(killed.data) as dashboard:
        printed = dashboard.wait_until_ready()
        assert printed == [f"Ready: http://127.0.0.1:{dashboard.port}/"], "the password is printed at the first start alone"
        health = dashboard.get("/healthz")
        assert (health["status"], health["database"], health["broker"]) == ("ok", "ok", "ok")
        assert health["workers"] >= 1
        assert dashboard.stop(signal.SIGINT) < 30
        assert dashboard.process.returncode == 0


def test_server_is_started_by_a_link(tmp_path):
    (tmp_path / "dashboard").symlink_to(ROOT / "script/server")
    done = subprocess.run([tmp_path / "dashboard", "--help"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "--port" in done.stdout


@pytest.mark.parametrize("port", ["0", "65536", "http"])
def test_server_refuses_odd_port(data, port):
    done = subprocess.run([ROOT / "script/server", "--port", port], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--port" in done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, list[dict[str, Any]]]:
    """The data of a demo that was started once, and its databases as it showed them."""
    data = tmp_path_factory.mktemp("demo") / "data"
    with serving(data, "--demo", ADMIN_PASSWORD="a good password", ADMIN_TOKEN="token-for-tests-0001") as dashboard:
        dashboard.wait_until_ready()
        return data, dashboard.get("/api/v1/databases?limit=100", "token-for-tests-0001")["items"]


@pytest.mark.postgresql
def test_demo_shows_every_state(demo):
    _, databases = demo
    assert {one["name"]: one["differences"] for one in databases if one["differences"]} == {"oslo": 1}
    states = {f"{one['project']}/{one['environment']}/{one['name']}": (one["state"], one["pending_count"]) for one in databases}
    assert states == {
        "shop/dev/": ("pending", 2),
        "shop/test/": ("pending", 6),
        "shop/prod/": ("pending", 9),
        "shop/stores/berlin": ("unknown_revision", 0),
        "shop/stores/lisbon": ("uninitialised", 19),
        "shop/stores/oslo": ("up_to_date", 0),
        "reporting/dev/": ("up_to_date", 0),
        "reporting/test/": ("pending", 1),
        "reporting/prod/": ("pending", 2),
    }


@pytest.mark.postgresql
def test_demo_comes_back_as_it_was(demo):
    data, before = demo
    port = (data / "postgres/port").read_text()
    with socket.create_server(("127.0.0.1", int(port))), serving(data, "--demo") as dashboard:
        dashboard.wait_until_ready()
        after = dashboard.get("/api/v1/databases?limit=100", "token-for-tests-0001")["items"]
    assert [one["id"] for one in after] == [one["id"] for one in before]
    assert {one["url"] for one in before if port in one["url"]}
    assert not {one["url"] for one in after if f":{port}/" in one["url"]}
