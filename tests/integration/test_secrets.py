"""Canary passwords, and everywhere they must not be."""

import base64
import contextlib
import json
import os
import re
import secrets
import shlex
import threading
import time
import urllib.error
import urllib.request
from html import escape
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

import psycopg2
import pytest
import redis

from tests.integration.conftest import PASSWORD
from tests.integration.stage import Stage
from tests.runner.projects import ENV, World, table
from tests.support.dashboard import TOKEN, Api, serving
from tests.support.figures import note
from tests.support.patience import eventually
from tests.support.targets import Target

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
TALKATIVE = """\
print("plain", url)
print("printed", sys.argv, dict(os.environ), config.get_main_option("sqlalchemy.url"), file=sys.stderr)
import base64, json
from sqlalchemy.engine import make_url
password = make_url(url).password or "nothing"
print("encoded", base64.b64encode(password.encode()).decode(), repr(password), json.dumps(password), url.replace("%", "%%"))
"""


# Signs in as a browser does, and opens every page that there is something to see on.
PAGES = (
    "/", "/jobs/", "/audit/?verify=1", "/account/", "/settings/environments/", "/projects/{project}/", "/projects/{project}/?tab=databases",
    "/projects/{project}/?tab=jobs", "/projects/{project}/edit", "/projects/{project}/revisions/two/", "/databases/{database}/",
    "/databases/{database}/edit", "/databases/{database}/plans/new?command=upgrade", "/jobs/{job}/", "/jobs/{job}/log/",
    "/jobs/{job}/log.txt", "/jobs/{job}/status/", "/plans/{plan}/", "/databases/{wrong}/", "/databases/{wrong}/edit", "/partials/pipeline",
)  # fmt: skip


def canary() -> str:
    """Letters that URLs, ini files, JSON and Python each write in their own way."""
    return f"Kanari%/@:'\\é{secrets.token_hex(8)}"


def forms(secret: str) -> list[bytes]:
    """As text, in a URL, in ini files, in JSON, in Python, for a shell, in HTML, in base64; and the end of it, if it was cut."""
    quoted = quote(secret, safe="")
    texts = [secret, quoted, secret.replace("%", "%%"), quoted.replace("%", "%%"), json.dumps(secret)[1:-1], repr(secret)[1:-1]]
    texts += [shlex.quote(secret), escape(secret), secret[-16:]]
    return [text.encode() for text in texts] + [base64.b64encode(secret.encode())]


def dumped(socket: str) -> bytes:
    """Every key of the broker with its value, as it is kept."""
    broker = redis.Redis(unix_socket_path=socket)
    return b"\n".join(key + b" " + (broker.dump(key) or b"") for key in broker.scan_iter())


class Watch:
    """Everything that passes while it watches: the broker's commands, and the arguments and environments of all processes."""

    def __init__(self, socket: str) -> None:
        self.monitor = redis.Redis(unix_socket_path=socket).monitor()
        self.messages: list[str] = []
        self.processes: set[bytes] = set()
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.listen, daemon=True), threading.Thread(target=self.look, daemon=True)]

    def __enter__(self) -> Self:
        self.monitor.__enter__()
        for thread in self.threads:
            thread.start()
        return self

    def listen(self) -> None:
        with contextlib.suppress(redis.RedisError, OSError, ValueError):
            for command in self.monitor.listen():
                self.messages.append(str(command["command"]))

    def look(self) -> None:
        while not self.done.is_set():
            for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
                with contextlib.suppress(OSError):
                    if int(path.parent.name) != os.getpid():
                        self.processes.add(path.read_bytes())
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.monitor.connection.disconnect()
        for thread in self.threads:
            thread.join(5)


@pytest.fixture(scope="module")
def told(postgres, tmp_path_factory):
    """A job on PostgreSQL whose project tells its password wherever it can, and one that cannot log in; then all that was left."""
    place, password, wrong = tmp_path_factory.mktemp("secrets"), canary(), canary()
    with contextlib.closing(psycopg2.connect(postgres.url().replace("+psycopg2", ""))) as connection:
        connection.autocommit = True
        connection.cursor().execute("CREATE ROLE canary LOGIN PASSWORD %s", [password])
        connection.cursor().execute("CREATE DATABASE canary OWNER canary")
    world = World(place / "project")
    world.write("migrations/env.py", ENV.replace("target_metadata = None", TALKATIVE + "target_metadata = None"))
    world.revision("one", table("one"))
    world.revision("two", "raise RuntimeError(f'cannot go on with {context.config.get_main_option(\"sqlalchemy.url\")}')")
    world.write(
        "migrations/versions/two.py",
        "from alembic import context\n" + (world.root / "migrations/versions/two.py").read_text(),
    )
    address = f"127.0.0.1:{postgres.port}/canary"
    found = run(place / "data", world, f"{quote(password, safe='')}@{address}", f"{quote(wrong, safe='')}@{address}")
    return found | {"password": password, "wrong": wrong, "data": place / "data"}


def run(data: Path, world: World, right: str, wrong: str):
    with serving(data, ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN, LOG_LEVEL="DEBUG") as dashboard:
        dashboard.wait_until_ready()
        stage = Stage(dashboard)
        with Watch(stage.broker()) as watch:
            target = Target("PostgreSQL", f"postgresql+psycopg2://canary:{right}", lambda: None)
            variables = {"SHOP_URL": "{url}", "SHOP_PASSWORD": "{password}"}
            database = stage.add(world, target, env_vars=variables, x_arguments=["url={url}"])
            plan = stage.api.post("/plans", {"database": database.id, "command": "upgrade", "revision": "head"})
            job = database.run(plan_digest=plan["digest"])
            other = stage.database(database.project, Target("PostgreSQL", f"postgresql+psycopg2://canary:{wrong}", lambda: None))
            eventually(lambda: other.shown["error"], 30, "the other login is tried")
            ask_everything(stage.api, database.id, database.project, job["id"])
            names = {"project": database.project, "database": database.id, "job": job["id"], "wrong": other.id, "plan": "1"}
            pages = open_everything(stage.api.port, names)
            broker = dumped(stage.broker())
    output = "".join(dashboard.stdout + dashboard.stderr)
    return {"output": output, "api": stage.api, "watch": watch, "job": job, "pages": pages, "broker": broker}


def open_everything(port: int, names: dict[str, str]) -> dict[str, bytes]:
    """Every page, and the forms as they come back when something in them is wrong."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    base, failed = f"http://127.0.0.1:{port}", set()

    def send(path: str, **fields: str) -> bytes:
        request = urllib.request.Request(base + path, urlencode(fields).encode() if fields else None)
        request.add_header("Referer", base + path)
        try:
            return bytes(opener.open(request, timeout=60).read())
        except urllib.error.HTTPError as error:
            failed.update([path] if error.code >= 500 else [])
            return bytes(error.read())

    def token(page: bytes) -> str:
        return re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page)[1].decode()

    send("/sign-in", username="admin", password=PASSWORD, csrfmiddlewaretoken=token(send("/sign-in")))
    found = {path: send(path.format(**names)) for path in PAGES}
    edit = "/databases/{wrong}/edit".format(**names)
    typed = {"project": names["project"], "environment": "dev", "test": "1", "csrfmiddlewaretoken": token(found["/databases/{wrong}/edit"])}
    for number, url in enumerate(typed_urls()):
        found[f"form {number}"] = send(edit, url=url, **typed)
        found[f"new form {number}"] = send("/databases/new", url=url, **typed)
    assert failed == set()
    return found


TYPED = canary()


def typed_urls() -> list[str]:
    """A password typed into a form that is refused, or tried and rejected."""
    secret = quote(TYPED, safe="")
    return [
        f"postgresql://u:{secret}@127.0.0.1:1/d", f"postgresql://u:{secret}@h:port/d", f"nosuch://u:{secret}@h/d", f"postgresql://u:{TYPED}@h/d",
        f"postgresql://u@h/d?password={secret}", f"postgresql://u:{secret}@169.254.169.254/d", f"mysql://u:{secret}@127.0.0.1:1/d?charset=gbk",
    ]  # fmt: skip


def ask_everything(api: Api, database: str, project: str, job: str) -> None:
    paths = ["/projects", f"/projects/{project}", f"/projects/{project}/revisions", f"/projects/{project}/revisions/two"]
    paths += [
        "/environments",
        "/databases",
        f"/databases/{database}",
        "/jobs",
        f"/jobs/{job}",
        f"/jobs/{job}/log?limit=5000",
        "/audit?limit=100",
    ]
    for path in [*paths, f"/jobs/{job}/log.txt"]:
        api.get(path)
    api.call("POST", "/api/v1/plans", {"database": database, "command": "downgrade", "revision": "nowhere"})


def leaks(told, text: bytes) -> list[bytes]:
    return [form for secret in (told["password"], told["wrong"], TYPED) for form in forms(secret) if form in text]


def test_talkative_job_failed_as_it_should(told):
    """Else nothing would have been told, and the rest would prove nothing."""
    answers = "\n".join(told["api"].seen)
    assert (told["job"]["status"], told["job"]["error"]["code"]) == ("failed", "project_error")
    assert "cannot go on with postgresql+psycopg2://canary:***@" in told["job"]["error"]["why"]
    for word in ("plain postgresql", "printed [", "encoded ***", "login_rejected"):
        assert word in answers


def test_no_secret_in_answers(told):
    assert leaks(told, "\n".join(told["api"].seen).encode()) == []


def test_no_secret_in_pages(told):
    assert [path for path, page in told["pages"].items() if leaks(told, page)] == []
    assert [path for path, page in told["pages"].items() if any(form in page for form in forms(TYPED))] == []
    assert b"could not" in told["pages"]["/jobs/{job}/"] or b"cannot go on with" in told["pages"]["/jobs/{job}/"]
    assert all(len(page) > 100 for path, page in told["pages"].items() if "log/" not in path)


def test_no_secret_in_output_of_the_server(told):
    assert leaks(told, told["output"].encode()) == []
    assert TOKEN not in told["output"]
    assert PASSWORD not in told["output"]


def test_no_secret_in_data_directory(told):
    files = [path for path in told["data"].rglob("*") if path.is_file()]
    assert any(path.name.endswith(".sqlite3") or path.name.endswith(".db") for path in files)
    assert [(path.name, leaks(told, path.read_bytes())) for path in files if leaks(told, path.read_bytes())] == []
    assert [path.name for path in files if TOKEN.encode() in path.read_bytes() or PASSWORD.encode() in path.read_bytes()] == []


def test_no_secret_in_messages(told):
    messages = "\n".join(told["watch"].messages)
    assert "jobs.tasks.run_job" in messages
    assert leaks(told, messages.encode()) == []
    assert told["broker"]
    assert leaks(told, told["broker"]) == []


def test_no_secret_in_processes(told):
    seen = b"\n".join(told["watch"].processes)
    assert b"runner/__main__.py" in seen
    assert leaks(told, seen) == []


def test_count_of_places(told):
    files = sum(path.is_file() for path in told["data"].rglob("*"))
    places = f"{len(told['pages'])} pages, {len(told['api'].seen)} answers, {len(told['watch'].processes)} process lists"
    counts = f"{places}, {len(told['watch'].messages)} messages, the broker's keys and {files} files"
    note(f"three secrets in {len(forms('x'))} spellings: 0 found in {counts}")
