"""Servers that take what is sent to them, and remember it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hooks(ThreadingHTTPServer):
    """Answers each POST with the next of `statuses`, the last one for ever; `slow` seconds late."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.statuses, self.taken = list(statuses or (200,)), list[tuple[str, dict[str, str], bytes]]()
        self.guard = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook/T0-secret-path"


class _Hook(BaseHTTPRequestHandler):
    server: Hooks

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.guard:
            self.server.taken.append((self.path, dict(self.headers), body))
            status = self.server.statuses.pop(0) if len(self.server.statuses) > 1 else self.server.statuses[0]
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Mail(socketserver.ThreadingTCPServer):
    """As much of SMTP as one message needs."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.taken: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Mail(socketserver.StreamRequestHandler):
    server: Mail

    def handle(self) -> None:
        self.say("220 sink")
        while line := self.rfile.readline().decode().strip():
            if line.upper().startswith("QUIT"):
                return self.say("221 bye")
            if line.upper() == "DATA":
                self.say("354 go on")
                self.server.taken.append("".join(self.lines()))
            self.say("250 ok")
        return None

    def lines(self) -> Iterator[str]:
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            yield line

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
