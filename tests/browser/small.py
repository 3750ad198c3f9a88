"""A small project of one's own on the shared dashboard, for a test that changes something."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from tests.browser.conftest import Site
from tests.jobs.conftest import ENV, table, write_revision

ENVIRONMENTS = ("dev", "test", "prod")


@dataclass
class Small:
    """Databases by their environment."""

    site: Site
    slug: str
    root: Path
    databases: dict[str, str]

    def url(self, path: str) -> str:
        return self.site.url(path.format(slug=self.slug, **self.databases))

    def upgrade(self, environment: str, revision: str = "two") -> None:
        assert self.site.api.run(self.databases[environment], "upgrade", revision)["status"] == "succeeded"

    def jobs(self, environment: str) -> int:
        return int(self.site.api.get(f"/jobs?database={self.databases[environment]}")["count"])


def small(site: Site, place: Path, slug: str, more: str = "", environments: tuple[str, ...] = ENVIRONMENTS, url: str = "") -> Small:
    """Two revisions that make a table each, and with `more` a third whose upgrade it is. `url` is for all, in place of SQLite."""
    root = place / slug
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (root / "migrations" / "env.py").write_text(ENV)
    write_revision(root, "one", None, *table("t_one"), message="Create one")
    write_revision(root, "two", "one", *table("t_two"), message="Create two")
    if more:
        write_revision(root, "three", "two", more, message="And more")
    site.api.post("/projects", {"slug": slug, "source": {"kind": "directory", "path": str(root)}})
    databases = {}
    for name in environments:
        file = place / f"{slug}-{name}.db"
        sqlite3.connect(file).close()
        asked = {"project": slug, "environment": name, "url": url or f"sqlite:///{file}"}
        databases[name] = site.api.post("/databases", asked)["id"]
    return Small(site, slug, root, databases)
