"""Git servers: which are taken, and that git goes to the very address that was looked at."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from migrations_store import remotes, sources
from migrations_store.errors import SourceError
from migrations_store.models import Project

NAME = "pinned.example.org"  # nobody's name server knows it
GOOD = {
    "https://git.example.org/team/shop.git": ("https", "git.example.org", None, ""),
    "HTTPS://git.example.org:8443/shop": ("https", "git.example.org", 8443, ""),
    "https://[fd12::1]:8443/shop": ("https", "fd12::1", 8443, ""),
    "https://10.0.0.7/shop": ("https", "10.0.0.7", None, ""),
    "https://git.example.org/a%20b.git": ("https", "git.example.org", None, ""),
    "ssh://git@git.example.org:2222/shop.git": ("ssh", "git.example.org", 2222, "git"),
    "ssh://git.example.org/~ada/shop.git": ("ssh", "git.example.org", None, ""),
    "git@git.example.org:team/shop.git": ("ssh", "git.example.org", None, "git"),
    "forge:shop.git": ("ssh", "forge", None, ""),
    "file:///srv/git/shop.git": ("file", "", None, ""),
}


@pytest.mark.parametrize(("url", "parts"), GOOD.items())
def test_address_is_taken_apart(url: str, parts: tuple[object, ...]) -> None:
    found = remotes.parse(url)
    assert (found.scheme, found.host, found.port, found.user) == parts
    assert found.url == url


def test_files_can_be_turned_off(settings) -> None:
    settings.GIT_ALLOW_FILE = False
    with pytest.raises(SourceError, match="https:// or ssh://"):
        remotes.parse("file:///srv/git/shop.git")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names that only this process knows, with their addresses."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, *rest: object, **more: object) -> list[tuple]:
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[host]]
        return real(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("url", [f"https://{NAME}/x", f"ssh://git@{NAME}/x", f"git@{NAME}:x"])
@pytest.mark.parametrize("addresses", [["169.254.169.254"], ["10.0.0.1", "169.254.169.254"], ["100.100.100.200"]])
def test_name_that_leads_to_a_metadata_address_is_refused(names, url: str, addresses: list[str]) -> None:
    names[NAME] = addresses
    with pytest.raises(SourceError, match="metadata"):
        remotes.route(remotes.parse(url))


@pytest.mark.parametrize("url", [f"https://{NAME}/x", f"ssh://git@{NAME}/x", "https://127.0.0.1/x", "git@127.0.0.1:x"])
def test_server_outside_the_allowed_networks_is_refused(names, settings, url: str) -> None:
    settings.ALLOWED_NETWORKS = [ipaddress.ip_network("10.0.0.0/8")]
    names[NAME] = ["127.0.0.1"]
    with pytest.raises(SourceError, match="ALLOWED_NETWORKS"):
        remotes.route(remotes.parse(url))


@pytest.mark.parametrize("url", [f"https://{NAME}/x", f"ssh://git@{NAME}/x"])
def test_unknown_name_is_refused_in_words(url: str) -> None:
    with pytest.raises(SourceError, match="not known here"):
        remotes.route(remotes.parse(url))


def test_ssh_gets_the_address_and_keeps_the_name_for_the_key(names) -> None:
    names[NAME] = ["10.0.0.7"]
    assert remotes.route(remotes.parse(f"git@{NAME}:x")).ssh.endswith(f"-o HostName=10.0.0.7 -o HostKeyAlias={NAME}")
    way = remotes.route(remotes.parse(f"ssh://git@{NAME}:2222/x"))
    assert way.ssh.endswith(f"-o HostName=10.0.0.7 -o 'HostKeyAlias=[{NAME}]:2222'")
    assert "StrictHostKeyChecking=yes" in way.ssh


# --- over TLS


class Server(ThreadingHTTPServer):
    """Answers everything with a redirect to `elsewhere`, or not at all."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Who does not trust the certificate goes away in the middle."""

    asked: list[str]
    context: ssl.SSLContext
    elsewhere = ""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.headers['Host']} {self.path}")
        self.send_response(302 if self.server.elsewhere else 404)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For NAME, and trusted by git."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.DNSName("other.example.org")])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1))
    built = builder.add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = tmp_path / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("GIT_SSL_CAINFO", str(path))
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    return path


@pytest.fixture
def serve(certificate: Path) -> Iterator[Callable[..., Server]]:
    with _servers(certificate) as start:
        yield start


@contextmanager
def _servers(certificate: Path) -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(elsewhere: str = "") -> Server:
        server = Server(("127.0.0.1", 0), Handler)
        server.asked, server.elsewhere = [], elsewhere
        server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.context.load_cert_chain(certificate)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def read(url: str) -> str:
    with pytest.raises(SourceError) as caught:
        sources.read_source(Project(slug="x", source_kind="git", source_url=url, source_ref="main"))
    return str(caught.value)


def test_git_goes_to_the_address_that_was_looked_at(names, serve, settings, tmp_path: Path) -> None:
    """git itself could not find this name: that the server was asked, by its name, proves that git was told where it is."""
    settings.DATA_DIR, names[NAME] = tmp_path / "data", ["127.0.0.1"]
    server = serve()
    assert "not found" in read(f"https://{NAME}:{server.server_port}/x.git")
    assert server.asked[0] == f"{NAME}:{server.server_port} /x.git/info/refs?service=git-upload-pack"


def test_git_follows_no_redirect(names, serve, settings, tmp_path: Path) -> None:
    settings.DATA_DIR, names[NAME] = tmp_path / "data", ["127.0.0.1"]
    target = serve()
    server = serve(f"https://{NAME}:{target.server_port}")
    assert "302" in read(f"https://{NAME}:{server.server_port}/x.git")
    assert len(server.asked) == 1
    assert target.asked == []


def test_git_asks_nobody_whose_certificate_is_of_another_name(names, serve, settings, tmp_path: Path) -> None:
    settings.DATA_DIR, names["stranger.example.org"] = tmp_path / "data", ["127.0.0.1"]
    server = serve()
    assert "could not read" in read(f"https://stranger.example.org:{server.server_port}/x.git")
    assert server.asked == []


def test_git_calls_ssh_with_the_address(names, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name writes down how it was called, in place of ssh; asked by -G it says what ssh would."""
    settings.DATA_DIR, names[NAME] = tmp_path / "data", ["10.0.0.7"]
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(
        f'#!/bin/sh\n[ "$1" = -G ] && echo "hostname {NAME}" || printf "%s\\n" "$@" > {tmp_path}/called\nexit 1\n'
    )
    (programs / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert "could not read" in read(f"git@{NAME}:team/x.git")
    called = (tmp_path / "called").read_text().splitlines()
    assert "HostName=10.0.0.7" in called
    assert f"HostKeyAlias={NAME}" in called
    assert called[-2:] == [f"git@{NAME}", "git-upload-pack 'team/x.git'"]
