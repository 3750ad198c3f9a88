"""How long pages with much on them take, from the request to the last byte, on a running dashboard as script/server starts it.

.venv/bin/python -m bench.pages [--requests 50] [--databases 200] [--revisions 5000]
"""

import argparse
import http.cookiejar
import re
import statistics
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tests.support.dashboard import TOKEN, Api, eventually, serving

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


def signed_in(port: int) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    address = f"http://127.0.0.1:{port}/sign-in"
    form = opener.open(address).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": PASSWORD}
    opener.open(address, urllib.parse.urlencode(fields).encode()).read()
    return opener


def measure(opener: urllib.request.OpenerDirector, address: str, requests: int) -> tuple[list[float], int]:
    """Milliseconds of each request after two that are not counted, and the size of the answer."""
    times, size = [], 0
    for _ in range(requests + 2):
        started = time.perf_counter()
        size = len(opener.open(address).read())
        times.append((time.perf_counter() - started) * 1000)
    return times[2:], size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--databases", type=int, default=200)
    parser.add_argument("--revisions", type=int, default=5000)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        serving(Path(folder) / "data", ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN) as dashboard,
    ):
        dashboard.wait_until_ready()
        started = time.perf_counter()
        fill(Api(dashboard.port), Path(folder), given.databases, given.revisions)
        print(f"{given.databases} databases, {given.revisions} revisions; registered in {time.perf_counter() - started:.1f} s")
        opener = signed_in(dashboard.port)
        pages = {
            "home": "/",
            "history": "/projects/large/",
            "history, in the middle": "/projects/large/?page=40",
            "databases": "/projects/large/?tab=databases",
        }
        print(f"{'page':<24}{'n':>5}{'median':>10}{'p95':>10}{'most':>10}{'KiB':>8}")
        for name, path in pages.items():
            times, size = measure(opener, f"http://127.0.0.1:{dashboard.port}{path}", given.requests)
            p95 = statistics.quantiles(times, n=20)[-1]
            print(f"{name:<24}{len(times):>5}{statistics.median(times):>7.0f} ms{p95:>7.0f} ms{max(times):>7.0f} ms{size / 1024:>8.0f}")


if __name__ == "__main__":
    main()
