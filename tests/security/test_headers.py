"""Headers, cookies and hosts: the same on every page, on every error, and in the API."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import Client, RequestFactory

from accounts.models import User
from dashboard.views import jobs_list
from environments.models import Database
from migrations_store import services

POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:", "font-src": "'self'",
    "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'",
}  # fmt: skip
ADDRESSES = [
    ("GET", "/", 200), ("GET", "/jobs/", 200), ("GET", "/audit/", 200), ("GET", "/account/", 200), ("GET", "/projects/shop/", 200),
    ("GET", "/nowhere", 404), ("GET", "/jobs/99/", 404), ("GET", "/projects/%00/", 404), ("PUT", "/jobs/", 403), ("POST", "/account/", 403),
    ("GET", "/sign-in?next=/", 302), ("GET", "/healthz", 503), ("GET", "/api/v1/docs", 200), ("GET", "/static/none", 404),
    ("GET", "/api/v1/projects", 401), ("GET", "/api/v1/nowhere", 404), ("POST", "/api/v1/audit", 405), ("GET", "/api/v1/jobs?q=%00", 400),
]  # fmt: skip


@pytest.fixture
def signed_in(admin: User) -> Client:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.force_login(admin)
    return client


@pytest.mark.parametrize(("method", "address", "status"), ADDRESSES)
def test_every_answer_has_its_headers(signed_in: Client, database: Database, method: str, address: str, status: int) -> None:
    answer = signed_in.generic(method, address)
    assert answer.status_code == status
    found = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";") if part.strip())
    assert found == POLICY
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert "Server" not in answer
    if "text/html" in answer.get("Content-Type", "") and not address.startswith(("/api/", "/static/")):
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("address", ["/sign-in", "/healthz", "/api/v1/docs", "/api/v1/openapi.json", "/api/v1/projects", "/nowhere"])
def test_answer_to_head_is_the_headers_alone(db: None, address: str) -> None:
    """As the server gets it: the client of the tests would take a body away by itself."""
    (head, body), (get, content) = (asked(method, address) for method in ("HEAD", "GET"))
    assert body == b""
    assert head["status"] == get["status"]
    assert bool(int(head["Content-Length"])) == bool(content)


def asked(method: str, address: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body that the web server is told to send."""
    from config.wsgi import application  # it wants the folder of static files, which is made for the tests first

    heard: dict[str, str] = {}
    environ = RequestFactory().generic(method, address, headers={"Host": "localhost"}).environ
    body = application(environ, lambda status, headers: heard.update(headers, status=status))
    return heard, b"".join(body)


def test_page_that_fails_says_nothing_of_why(signed_in: Client, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the middle of a page, with a secret in a local variable and in its message."""

    def fail(*_: object, **__: object) -> None:
        password = "Kanari-4711"
        raise RuntimeError(f"cannot go on with {password}")

    monkeypatch.setattr(jobs_list, "render", fail)
    answer = signed_in.get("/jobs/")
    assert answer.status_code == 500
    assert "Content-Security-Policy" in answer
    text = answer.content.decode()
    assert not re.search(r"Kanari|Traceback|RuntimeError|\.py", text)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1:80@evil.example", "evil.example:8000", "[::1", "a b"]
)
@pytest.mark.parametrize("address", ["/sign-in", "/", "/api/v1/projects", "/jobs/"])
def test_host_that_is_not_ours_is_refused_and_not_repeated(db: None, settings, host: str, address: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
    answer = Client(raise_request_exception=False).get(address, headers={"Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "Forwarded", "X-Forwarded-Proto", "X-HTTP-Method-Override"]
)
def test_headers_of_proxies_change_nothing(signed_in: Client, database: Database, name: str) -> None:
    plain = signed_in.get("/jobs/").content
    answer = signed_in.get("/jobs/", headers={name: "evil.example"})
    assert answer.status_code == 200
    assert b"evil.example" not in answer.content
    assert len(answer.content) == len(plain)


def settings_with(place: Path, **variables: str) -> dict[str, Any]:
    """What the settings are in a process of its own with these variables."""
    names = (
        "SECURE_HSTS_SECONDS",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SESSION_COOKIE_HTTPONLY",
        "CSRF_COOKIE_HTTPONLY",
        "DEBUG",
    )
    code = f"import json; from config import settings; print(json.dumps({{n: getattr(settings, n) for n in {names!r}}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=django_settings.BASE_DIR, env=os.environ | {"DATA_DIR": str(place)} | variables,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_https_makes_cookies_secure_and_says_so_for_a_year(tmp_path: Path) -> None:
    assert settings_with(tmp_path, HTTPS="on") == {
        "SECURE_HSTS_SECONDS": 31_536_000, "SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": True, "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_HTTPONLY": True, "DEBUG": False,
    }  # fmt: skip
    assert settings_with(tmp_path)["SECURE_HSTS_SECONDS"] == 0


def test_hsts_is_sent_over_tls_alone(admin: User, settings) -> None:
    """The middleware reads its settings when it is made."""
    settings.SECURE_HSTS_SECONDS, settings.SECURE_PROXY_SSL_HEADER = 31_536_000, ("HTTP_X_FORWARDED_PROTO", "https")
    middleware = SecurityMiddleware(lambda request: HttpResponse())
    assert middleware(RequestFactory().get("/", headers={"X-Forwarded-Proto": "https"}))["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in middleware(RequestFactory().get("/"))


def test_session_ends_twelve_hours_after_it_began(admin: User, settings) -> None:
    """Looking at pages does not prolong it."""
    client = Client()
    client.post("/sign-in", {"username": "ada", "password": "correct horse"})
    assert 12 * 60 * 60 - 60 < client.cookies["sessionid"]["max-age"] <= 12 * 60 * 60
    del client.cookies["sessionid"]["max-age"]
    answer = client.get("/jobs/")
    assert "sessionid" not in answer.cookies


def test_session_that_somebody_planted_is_not_taken_over(admin: User) -> None:
    """Neither a made-up key nor one that the attacker had from the server before."""
    for key in ("a" * 32, Client().session.session_key or "b" * 32):
        client = Client()
        client.cookies["sessionid"] = key
        client.post("/sign-in", {"username": "ada", "password": "correct horse"})
        assert client.cookies["sessionid"].value != key
        thief = Client()
        thief.cookies["sessionid"] = key
        assert thief.get("/jobs/").status_code == 302


@pytest.mark.parametrize("place", [
    "//evil.example", "///evil.example", "https://evil.example/", "http:evil.example", "javascript:alert(1)", "/\\evil.example",
    "\\\\evil.example", "\n//evil.example", "\t//evil.example", "https:/evil.example", "//evil.example\\@127.0.0.1", "data:text/html,x",
    "//%65vil.example", "https://testserver@evil.example", "https://testserver.evil.example", "ftp://testserver/",
])  # fmt: skip
def test_nobody_is_led_elsewhere_after_signing_in(admin: User, place: str) -> None:
    for client in (Client(), Client()):
        answer = client.post("/sign-in", {"username": "ada", "password": "correct horse", "next": place})
        assert answer["Location"] == "/"
        assert client.get("/sign-in", {"next": place})["Location"] == "/", "who has signed in already is led on at once"


def test_bidi_characters_are_written_out(signed_in: Client, root: Path, database: Database) -> None:
    """Text that reads differently than it runs."""
    (root / "migrations/versions/four.py").write_text(
        '"""harmless \u202egnp.exe\u2066"""\nrevision = "four"\ndown_revision = "three"\n'
        "def upgrade():\n    op.execute('\u202e ;elbat pord')\ndef downgrade(): pass\n"
    )
    services.take_snapshot(database.project, user=User.objects.get())
    for address in ("/projects/shop/", "/projects/shop/revisions/four/"):
        text = signed_in.get(address).content.decode()
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
        assert "harmless \\u202egnp.exe\\u2066" in text
