"""Pushing over TLS and over ssh, with real git at both ends: who is let in, and that nobody sees the secret."""

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from migrations_store import branches, remotes, repositories
from migrations_store.branches import Change, Commit
from migrations_store.errors import PushRefused
from migrations_store.git_credentials import Credential
from tests.migrations_store.test_remotes import NAME, certificate, names
from tests.migrations_store.test_repositories import Repository, repository

__all__ = ["certificate", "names", "repository"]
TOKEN = "ghp_Sehr+Geheim/Und%Lang=="
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n"
CHANGE = Change("versions/four.py", "revision = 'four'\n")


class Forge(ThreadingHTTPServer):
    """Serves repositories by git's own program, to whoever has the token."""

    daemon_threads = True
    context: ssl.SSLContext
    root: Path

    def handle_error(self, *_: object) -> None:
        """Who goes away in the middle."""


class Handler(BaseHTTPRequestHandler):
    server: Forge

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")[2]
        if "receive-pack" in self.path and given != TOKEN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="forge"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self._served()

    do_POST = do_GET  # noqa: N815 - http.server's name

    def _served(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        variables = {
            "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": "x",
            "PATH": "/usr/bin:/bin",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }  # fmt: skip
        answer = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=True).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")]
        self.send_response(next((int(value[:3]) for name, _, value in lines if name == "Status"), 200))
        for name, _, value in lines:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forge(certificate: Path, repository: Repository, names: dict[str, list[str]]) -> Iterator[Forge]:
    """At NAME, with the repository."""
    names[NAME] = ["127.0.0.1"]
    repository.files({"versions/three.py": "revision = 'three'\n"})
    repository.git("config", "http.receivepack", "true")
    server = Forge(("127.0.0.1", 0), Handler)
    server.root, server.context = repository.root.parent, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.context.load_cert_chain(certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Everything that could be listed of each call of git: its arguments and its environment."""
    programs, told = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    (programs / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {told}\nenv >> {told}\nexec /usr/bin/git "$@"\n')
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return told.read_text


def pushed(remote: remotes.Remote, credential: Credential, branch: str = "alembic/four", *changes: Change) -> str:
    _, base = repositories.check_out(remote, "main")
    commit = Commit(base, "Add four\n", "Ada", "ada@example.org")
    return branches.push(remote, branch, changes or (CHANGE,), commit, credential)


def refusal(*arguments: object) -> str:
    with pytest.raises(PushRefused) as caught:
        pushed(*arguments)  # type: ignore[arg-type]
    return str(caught.value)


def test_token_opens_the_server_and_is_seen_nowhere(
    forge: Forge, repository: Repository, calls: Callable[[], str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remote = remotes.parse(f"https://{NAME}:{forge.server_port}/x.git")
    credential = Credential("token", "git", TOKEN)
    made = pushed(remote, credential)
    assert repository.git("rev-parse", "alembic/four").strip() == made
    assert repository.git("show", f"{made}:versions/four.py") == CHANGE.text
    assert "Sehr" not in calls() + repr(credential) + caplog.text
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"Sehr" in path.read_bytes()] == []


def test_wrong_token_is_refused_in_words_without_it(forge: Forge, repository: Repository) -> None:
    remote = remotes.parse(f"https://{NAME}:{forge.server_port}/x.git")
    told = refusal(remote, Credential("token", "git", "wrong-token-123"))
    assert "did not let these credentials push" in told
    assert "Nothing was pushed" in told
    assert "wrong-token" not in told
    assert "alembic" not in repository.git("branch", "--all")


def test_branch_that_came_meanwhile_is_left_alone(forge: Forge, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the push: the lease is what holds."""
    monkeypatch.setattr(branches, "_require_free", lambda *_: None)
    repository.git("branch", "alembic/four", "main")
    before = repository.git("rev-parse", "alembic/four")
    told = refusal(remotes.parse(f"https://{NAME}:{forge.server_port}/x.git"), Credential("token", "git", TOKEN))
    assert "stale info" in told
    assert repository.git("rev-parse", "alembic/four") == before


def test_what_the_server_says_against_it_is_told(forge: Forge, repository: Repository) -> None:
    hook = repository.root / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho 'GH013: branches begin with feature/ {TOKEN}'\nexit 1\n")
    hook.chmod(0o755)
    told = refusal(remotes.parse(f"https://{NAME}:{forge.server_port}/x.git"), Credential("token", "git", TOKEN))
    assert "GH013: branches begin with feature/ ***" in told
    assert TOKEN not in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (Change("versions/three.py", "x"), "There is a file versions/three.py in the repository already."),
        (Change("versions/three.py", "x", "other"), "versions/three.py has changed in the repository."),
        (Change("versions/none.py", "x", "other"), "versions/none.py has changed in the repository."),
        (Change("../x.py", "x"), "does not lie within the repository"),
        (Change("/x.py", "x"), "does not lie within the repository"),
        (Change(".git/config", "x"), "git could not"),
        (Change("versions/three.py/x", "x"), "git could not"),
    ],
)
def test_change_that_does_not_fit_the_tree_is_refused(repository: Repository, change: Change, told: str) -> None:
    repository.files({"versions/three.py": "revision = 'three'\n"})
    with pytest.raises(Exception, match=told):
        pushed(remotes.parse(f"file://{repository.root}"), Credential(), "b", change)
    assert repository.git("branch", "--format=%(refname:short)").split() == ["main"]


def test_key_reaches_ssh_as_a_file_of_memory(
    repository: Repository, names: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in place of ssh writes down its arguments and the key that they name, and runs the other end here."""
    names[NAME] = ["10.0.0.7"]
    repository.files({"versions/three.py": "revision = 'three'\n"})
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(
        f'#!/bin/sh\n[ "$1" = -G ] && {{ echo "hostname {NAME}"; exit; }}\n'
        f'printf "%s\\n" "$@" > {tmp_path}/called\n'
        f'while [ $# -gt 1 ]; do [ "$1" = -i ] && {{ cat "$2" > {tmp_path}/key; stat -L -c %a "$2" > {tmp_path}/mode; }}; shift; done\n'
        f'exec sh -c "$1"\n'
    )
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    remote = remotes.parse(f"git@{NAME}:{repository.root}")
    made = pushed(remote, Credential("key", "", KEY))
    called = (tmp_path / "called").read_text()
    assert ((tmp_path / "key").read_text(), (tmp_path / "mode").read_text().strip()) == (KEY, "600")
    assert "c2VjcmV0" not in called
    assert ("HostName=10.0.0.7" in called, "IdentitiesOnly=yes" in called) == (True, True)
    assert repository.git("rev-parse", "alembic/four").strip() == made


def test_key_is_one_that_ssh_reads(tmp_path: Path) -> None:
    """As the real program opens it: through the descriptor of the process that calls it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True)
    descriptor = os.memfd_create("credential")
    os.fchmod(descriptor, 0o600)
    os.write(descriptor, (tmp_path / "id").read_bytes())
    done = subprocess.run(
        ["sh", "-c", f'sh -c \'ssh-keygen -y -f "/proc/$PPID/fd/{descriptor}"\'; exit $?'],
        pass_fds=(descriptor,), capture_output=True, text=True, check=True,
    )  # fmt: skip
    os.close(descriptor)
    assert done.stdout.split()[:2] == (tmp_path / "id.pub").read_text().split()[:2]
