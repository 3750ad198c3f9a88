"""Asking a dashboard for its health, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config import probe
from config.embedded import free_port


@pytest.fixture
def answering() -> Iterator[Callable[[str], int]]:
    servers: list[HTTPServer] = []

    def start(body: str) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body.replace("HOST", self.headers["Host"]).encode())

            def log_message(self, *_: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_probe_believes_a_dashboard_with_workers(answering):
    assert probe.is_serving(answering(json.dumps({"status": "ok", "workers": 2})))


@pytest.mark.parametrize("answer", ['{"status": "ok", "workers": 0}', '{"status": "failing", "workers": 1}', "<html>", "[]", "{}", ""])
def test_probe_believes_nothing_else(answering, answer):
    assert not probe.is_serving(answering(answer))


def test_probe_waits_for_nobody():
    assert not probe.is_serving(free_port())


@pytest.mark.parametrize(("hosts", "sent"), [("example.com,other", "example.com"), (".example.com", "example.com"), ("*", "127.0.0.1")])
def test_probe_uses_an_allowed_name(answering, monkeypatch, hosts, sent):
    monkeypatch.setenv("ALLOWED_HOSTS", hosts)
    assert probe.health(answering('{"host": "HOST"}')) == {"host": sent}
