"""The dashboard as a person starts it, and its HTTP API as a program uses it."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from config.embedded import free_port
from tests.support.patience import eventually

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "token-for-tests-0001"
FINAL = ("succeeded", "failed", "canceled", "rejected")
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Dashboard:
    """script/server on a free port, with what it printed."""

    def __init__(self, data: Path, *options: str, **environment: str) -> None:
        self.data, self.port = data, free_port()
        variables = {name: value for name, value in os.environ.items() if name not in ("DATA_DIR", "REDIS_URL", "DATABASE_URL")}
        command = [str(ROOT / "script/server"), "--port", str(self.port), "--data", str(data), *options]
        self.process = subprocess.Popen(
            command, env=variables | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        threading.Thread(target=lambda: self.stdout.extend(self.process.stdout or ()), daemon=True).start()
        threading.Thread(target=lambda: self.stderr.extend(self.process.stderr or ()), daemon=True).start()

    def wait_until_ready(self) -> list[str]:
        """What it has printed until then."""
        eventually(lambda: self.is_ready() or self.process.poll() is not None, 60, "the server is ready")
        assert self.is_ready(), f"it ended: {''.join(self.stderr)}"
        return [line.strip() for line in self.stdout]

    def is_ready(self) -> bool:
        return any(line.startswith("Ready:") for line in self.stdout)

    def get(self, path: str, token: str = "") -> dict[str, Any]:
        return Api(self.port, token).call("GET", path)[1]

    def stop(self, number: int = signal.SIGTERM) -> float:
        """The seconds it took."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(100)
        return time.monotonic() - started

    def processes(self) -> list[str]:
        """The command lines of everything that still runs with this data directory."""
        return list(self.running().values())

    def running(self) -> dict[int, str]:
        """Ids and command lines of the same."""
        mark = f"DATA_DIR={self.data}\0".encode()
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (path / "environ").read_bytes() + b"\0":
                    found[int(path.name)] = (path / "cmdline").read_text().replace("\0", " ")
        return found


@contextlib.contextmanager
def serving(data: Path, *options: str, **environment: str) -> Iterator[Dashboard]:
    """Started, and in the end stopped with all its processes."""
    dashboard = Dashboard(data, *options, **environment)
    try:
        yield dashboard
    finally:
        dashboard.stop()
        assert dashboard.processes() == []


class Api:
    """Calls with a token; every answer is kept in `seen`, for whoever looks for secrets."""

    def __init__(self, port: int, token: str = TOKEN) -> None:
        self.port, self.token = port, token
        self.seen: list[str] = []

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and parsed JSON, or text where the answer is none; any status is an answer."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=data, headers=headers, method=method)
        try:
            with OPENER.open(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        self.seen.append(text)
        return status, json.loads(text) if text[:1] in ("{", "[") else text

    def ask(self, method: str, path: str, body: Any = None, want: int = 200) -> Any:
        """The answer of a call below /api/v1 that has to succeed."""
        status, answer = self.call(method, f"/api/v1{path}", body)
        assert status == want, f"{method} {path}: {status} {str(answer)[:600]}"
        return answer

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None, want: int = 201) -> Any:
        return self.ask("POST", path, {} if body is None else body, want)

    def every(self, path: str) -> list[dict[str, Any]]:
        """All items of a list."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=100&offset={len(found)}")
            found += page["items"]
            if not page["items"] or len(found) >= page["count"]:
                return found

    def request(self, database: str, command: str, revision: str | None = "head", **more: Any) -> str:
        """Asks for a job and answers its id."""
        return str(self.post("/jobs", {"database": database, "command": command, "revision": revision} | more)["id"])

    def ended(self, job: str, timeout: float = 60) -> dict[str, Any]:
        """The job once it has a final status."""

        def final() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get(f"/jobs/{job}")
            return found if found["status"] in FINAL else None

        return eventually(final, timeout, f"job {job} ends", every=0.1)

    def run(self, database: str, command: str, revision: str | None = "head", timeout: float = 60, **more: Any) -> dict[str, Any]:
        return self.ended(self.request(database, command, revision, **more), timeout)

    def log(self, job: str) -> str:
        return str(self.get(f"/jobs/{job}/log.txt"))
