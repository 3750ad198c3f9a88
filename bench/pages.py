"""How long pages with much on them take, from the request to the last byte, on a running dashboard as script/server starts it.

.venv/bin/python -m bench.pages [--requests 50] [--databases 200] [--revisions 5000] [--lines 50000] [--pause 40]
"""

import argparse
import gzip
import http.cookiejar
import re
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tests.support.dashboard import TOKEN, Api, serving
from tests.support.patience import eventually

PASSWORD = "benchmark-only"
ENVIRONMENTS = ("dev", "test", "stage", "prod")
REVISION = '''"""Change number {number}"""

revision = "{id}"
down_revision = {down}


def upgrade():
    pass


def downgrade():
    pass
'''

LOUD = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


def write_project(root: Path, revisions: int) -> Path:
    """A history in which every tenth revision begins a side branch of three that is merged again."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (root / "migrations" / "env.py").write_text("")
    main: str | None = None
    side: list[str] = []
    for number in range(revisions):
        id, place = f"{number * 2654435761 % 2**48:012x}", number % 10
        down: str | tuple[str, ...] | None = main
        if place in (4, 5, 6) and side:
            down = side[-1]
        if place == 7 and len(side) > 1:
            down = (str(main), side[-1])
        text = REVISION.format(number=number, id=id, down=repr(down))
        (versions / f"{id}_change_{number}.py").write_text(text)
        if place == 3:
            side = [id]
        if place in (4, 5, 6):
            side.append(id)
        else:
            main = id
    return root


def fill(api: Api, place: Path, databases: int, revisions: int) -> None:
    """`large` with its revisions and a database for each environment, and small projects for the rest."""
    for position, slug in enumerate(ENVIRONMENTS):
        api.post("/environments", {"slug": slug, "name": slug, "position": position, "protected": slug == "prod"})
    slugs = ["large", *(f"service-{number:03}" for number in range(1, -(-databases // len(ENVIRONMENTS))))]
    for slug in slugs:
        root = write_project(place / slug, revisions if slug == "large" else 12)
        api.post("/projects", {"slug": slug, "source": {"kind": "directory", "path": str(root)}})
        for environment in ENVIRONMENTS:
            path = place / slug / f"{environment}.db"
            path.touch()
            api.post("/databases", {"project": slug, "environment": environment, "url": f"sqlite:///{path}"})
    eventually(lambda: api.get("/databases?state=unchecked")["count"] == 0, 120, "every database was read", every=1)


def talk(api: Api, place: Path, lines: int) -> str:
    """The number of a job that said so much."""
    root = write_project(place / "loud", 1)
    (root / "migrations" / "env.py").write_text(LOUD)
    (script,) = (root / "migrations" / "versions").glob("*.py")
    script.write_text(script.read_text().replace("pass", f'print("\\n".join(f"line {{n}} of many" for n in range({lines})))', 1))
    api.post("/projects", {"slug": "loud", "source": {"kind": "directory", "path": str(root)}})
    (place / "loud.db").touch()
    id = api.post("/databases", {"project": "loud", "environment": "dev", "url": f"sqlite:///{place / 'loud.db'}"})["id"]
    return str(api.run(id, "upgrade", timeout=300)["id"])


def signed_in(port: int) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    address = f"http://127.0.0.1:{port}/sign-in"
    form = opener.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": PASSWORD}
    opener.open(address, urllib.parse.urlencode(fields).encode()).read()
    return opener


def measure(opener: urllib.request.OpenerDirector, address: str, requests: int) -> tuple[list[float], bytes]:
    """Milliseconds of each request after two that are not counted, and the answer."""
    times, page = [], b""
    for _ in range(requests + 2):
        started = time.perf_counter()
        page = opener.open(address).read()
        times.append((time.perf_counter() - started) * 1000)
    return times[2:], page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--databases", type=int, default=200)
    parser.add_argument("--revisions", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=50_000)
    parser.add_argument("--pause", type=int, default=40, help="seconds before measuring: workers look at what was registered")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        serving(Path(folder) / "data", ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN) as dashboard,
    ):
        dashboard.wait_until_ready()
        started = time.perf_counter()
        fill(Api(dashboard.port), Path(folder), given.databases, given.revisions)
        print(f"{given.databases} databases, {given.revisions} revisions; registered in {time.perf_counter() - started:.1f} s")
        job = talk(Api(dashboard.port), Path(folder), given.lines)
        time.sleep(given.pause)
        opener = signed_in(dashboard.port)
        pages = {
            "home": "/",
            "history": "/projects/large/",
            "history, in the middle": "/projects/large/?page=40",
            "databases": "/projects/large/?tab=databases",
            "compared": "/projects/large/compare/dev...prod/",
            "jobs": "/jobs/",
            "job, the end of its log": f"/jobs/{job}/",
            "job, a line in its log": f"/jobs/{job}/?line={given.lines // 2}",
            "job, its log searched": f"/jobs/{job}/?find={given.lines - 10}",
            "audit": "/audit/",
        }
        print(f"{'page':<24}{'n':>5}{'median':>10}{'p95':>10}{'most':>10}{'KiB':>8}{'gz':>6}")
        for name, path in pages.items():
            times, page = measure(opener, f"http://127.0.0.1:{dashboard.port}{path}", given.requests)
            p95 = statistics.quantiles(times, n=20)[-1]
            print(
                f"{name:<24}{len(times):>5}{statistics.median(times):>7.0f} ms{p95:>7.0f} ms{max(times):>7.0f} ms"
                f"{len(page) / 1024:>8.0f}{len(gzip.compress(page)) / 1024:>6.1f}"
            )


if __name__ == "__main__":
    main()
