"""The demo: two sample projects whose databases stand at different revisions. Doing it again changes nothing."""

import random
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from django.conf import settings
from sqlalchemy import NullPool, create_engine, inspect, text

from accounts.models import Role, User
from config.embedded import CannotStart, EmbeddedPostgres, Server
from config.errors import Refused
from config.processes import say
from environments import services as environments
from environments.changes import change_policy
from environments.models import Database, Environment
from jobs.execution import execute
from jobs.models import JobStatus
from jobs.services import request_job
from migrations_store import services as store
from migrations_store.models import Project
from notices import services as notices

ENVIRONMENTS = {"dev": "Development", "test": "Test", "prod": "Production", "stores": "Stores"}
CURRENCY_BY_COUNTRY = {"DE": "EUR", "FR": "EUR", "GB": "GBP", "NO": "NOK", "PL": "PLN", "SE": "SEK", "US": "USD"}
NOUNS = ("Lamp", "Chair", "Kettle", "Notebook", "Backpack", "Blanket", "Teapot", "Shelf", "Mirror", "Clock")
ADJECTIVES = ("Oak", "Brass", "Linen", "Blue", "Folding", "Round")
# A revision of nobody's code: somebody deployed from a branch that was never merged.
FOREIGN_REVISION = "e2c41f7a9b05"


class DemoFailed(Refused):
    code = "demo_failed"
    title = "The demo could not be made"


def set_up(data: Path) -> list[Server]:
    """Makes what is missing of the demo; returns the server that holds its databases, already started."""
    home = data / "demo"
    postgres = start_postgres(data / "postgres")
    if (home / "ready").exists():
        follow_port(postgres)
    else:
        say("Making the demo; this takes a few seconds …")
        shutil.copytree(settings.BASE_DIR / "demo" / "projects", home / "projects", dirs_exist_ok=True)
        Demo(home, postgres).make()
        (home / "ready").touch()
    return [postgres] if postgres else []


def start_postgres(directory: Path) -> EmbeddedPostgres | None:
    """None where no PostgreSQL fits this machine; a server that broke later is not replaced silently."""
    postgres = EmbeddedPostgres(directory)
    try:
        postgres.start()
    except CannotStart as error:
        if postgres.data.exists():
            raise
        say(f"The demo uses SQLite instead of PostgreSQL. {error}")
        return None
    return postgres


def follow_port(postgres: EmbeddedPostgres | None) -> None:
    """Profiles of the demo's databases learn the server's port if it had to change."""
    if postgres is None:
        return
    moved = Database.objects.filter(project__slug="shop", host="127.0.0.1", username=postgres.user).exclude(port=postgres.port)
    for database in moved:
        environments.update_database(database, user=administrator(), fields={"url": postgres.url(database.database)})


def administrator() -> User:
    user = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("pk").first()
    if user is None:
        raise DemoFailed("The demo is made in the name of an administrator, and there is none.")
    return user


class Demo:
    """Each step looks at what is there already, so that an interrupted first start is simply continued by the next."""

    def __init__(self, home: Path, postgres: EmbeddedPostgres | None) -> None:
        self.home, self.postgres, self.user = home, postgres, administrator()

    def make(self) -> None:
        for position, (slug, name) in enumerate(ENVIRONMENTS.items()):
            self.environment(slug, name, position)
        self.make_shop()
        self.make_reporting()
        self.protect(Environment.objects.get(slug="prod"))

    def protect(self, prod: Environment) -> None:
        """Its policy is made first: from then on changing it takes two."""
        if not prod.protected:
            rules = {"approvals": 1, "require_previous": True, "statement_timeout": 900, "approval_hours": 48}
            change_policy(prod, user=self.user, fields=rules, reason="What was tried in test, seen by a second person")
            reporting = Project.objects.get(slug="reporting")
            change_policy(prod, user=self.user, project=reporting, fields=rules | {"require_single_head": True}, reason="A small project")
            environments.update_environment(prod, user=self.user, fields={"protected": True})

    def make_shop(self) -> None:
        """Production waits for the merge of the loyalty branch; a fleet of stores shows what can go wrong."""
        shop = self.project("shop", "Shop")
        prod = self.database(shop, "prod", "", self.server_url("shop_prod"))
        self.upgrade(prod, ["57c2f8d94ab0", "a4e7b19f6c03"], "Shipments, and the first half of the loyalty programme")
        self.fill(self.server_url("shop_prod"))
        test = self.database(shop, "test", "", self.server_url("shop_test", copy_of="shop_prod"))
        self.upgrade(test, "d81f36a5c0e4", "Release candidate 2025.5")
        dev = self.database(shop, "dev", "", self.server_url("shop_dev", copy_of="shop_test"))
        self.upgrade(dev, "10c9e6a7f3d2", "Coupons")
        oslo = self.database(shop, "stores", "oslo", self.server_url("store_oslo", copy_of="shop_dev"))
        self.upgrade(oslo, "head", "First store with reviews")
        self.change_by_hand(self.server_url("store_oslo"))
        self.run(oslo, "check", None, "Does the store still fit the code?")
        berlin = self.server_url("store_berlin", copy_of="shop_test")
        self.set_version(berlin, FOREIGN_REVISION)
        for name, url in (("berlin", berlin), ("lisbon", self.server_url("store_lisbon"))):
            self.database(shop, "stores", name, url)

    def make_reporting(self) -> None:
        """A small project on SQLite, configured by pyproject.toml, that takes its URL from a variable."""
        reporting = self.project("reporting", "Reporting", config_path="pyproject.toml", env_vars={"REPORTING_DATABASE_URL": "{url}"})
        for environment, revision in (("prod", "c6905de3a84f"), ("test", "0a7e4c1bd952"), ("dev", "head")):
            database = self.database(reporting, environment, "", self.file_url(f"reporting_{environment}"))
            self.upgrade(database, revision, "First installation")

    def environment(self, slug: str, name: str, position: int) -> None:
        if not Environment.objects.filter(slug=slug).exists():
            fields = {"slug": slug, "name": name, "position": position, "protected": False}
            environments.create_environment(user=self.user, fields=fields)

    def project(self, slug: str, name: str, **more: Any) -> Project:
        found = Project.objects.filter(slug=slug).first()
        source = {"kind": "directory", "path": str(self.home / "projects" / slug)}
        return found or store.create_project(user=self.user, fields={"slug": slug, "name": name, "source": source, **more})

    def database(self, project: Project, environment: str, name: str, url: str) -> Database:
        """Registered and read: no worker runs yet that would do it."""
        found = Database.objects.filter(project=project, environment__slug=environment, name=name).first()
        if found is None:
            fields = {"project": project.slug, "environment": environment, "name": name, "url": url}
            found = environments.create_database(user=self.user, fields=fields)
        environments.check_database_now(found)
        return found

    def upgrade(self, database: Database, revision: str | list[str], reason: str) -> None:
        self.run(database, "upgrade", revision, reason)

    def run(self, database: Database, command: str, revision: str | list[str] | None, reason: str) -> None:
        """A job as any other, run here and now, before anything serves; one that succeeded before is not asked for again."""
        if database.jobs.filter(reason=reason, status=JobStatus.SUCCEEDED).exists():
            return
        database.refresh_from_db()
        job = request_job(database, user=self.user, command=command, revision=revision, reason=reason)
        execute(job.pk)
        job.refresh_from_db()
        if job.status != JobStatus.SUCCEEDED:
            raise DemoFailed(f"The demo could not {command} {database}: {(job.error or {}).get('title', job.status)}")
        notices.mark_read(self.user)  # who signs in for the first time has asked for none of it

    def server_url(self, name: str, copy_of: str = "") -> str:
        """A database of the embedded PostgreSQL, made if it is not there."""
        if self.postgres is None:
            return self.file_url(name, copy_of)
        if not self.postgres.has_database(name):
            self.postgres.create_database(name, template=copy_of or "template1")
        return self.postgres.url(name)

    def file_url(self, name: str, copy_of: str = "") -> str:
        path = self.home / f"{name}.sqlite3"
        if not path.exists():
            with sqlite3.connect(path) as target:
                if copy_of:
                    sqlite3.connect(self.home / f"{copy_of}.sqlite3").backup(target)
                else:
                    target.execute("VACUUM")  # an empty database, not an empty file
            target.close()
        return f"sqlite:///{path}"

    def set_version(self, url: str, revision: str) -> None:
        """Writes the version table by hand, as nobody should."""
        with create_engine(url, poolclass=NullPool).begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    def change_by_hand(self, url: str) -> None:
        """What a person at a console does, and forgets: the next check of the models finds it."""
        engine = create_engine(url, poolclass=NullPool)
        if "card_number" not in {column["name"] for column in inspect(engine).get_columns("customers")}:
            with engine.begin() as connection:
                connection.execute(text("ALTER TABLE customers ADD COLUMN card_number VARCHAR(20)"))

    def fill(self, url: str) -> None:
        """Rows for the data migrations to work on, always the same."""
        with create_engine(url, poolclass=NullPool).begin() as connection:
            if connection.scalar(text("SELECT count(*) FROM customers")):
                return
            for table, rows in sample_rows(random.Random(20250114)).items():  # noqa: S311 - nothing secret
                columns = list(rows[0])
                values = ", ".join(f":{column}" for column in columns)
                connection.execute(text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"), rows)  # noqa: S608 - our own names


def sample_rows(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Customers, products and orders as production knows them; without ids, so that each table's sequence stays ahead."""
    countries = [chance.choice(list(CURRENCY_BY_COUNTRY)) for _ in range(150)]
    names = [f"{adjective} {noun}" for adjective in ADJECTIVES for noun in NOUNS]
    statuses = ["placed", "paid", "shipped", "returned"]
    return {
        "customers": [customer(number, country) for number, country in enumerate(countries, 1)],
        "products": [
            {"name": name, "sku": f"P-{number}", "price": chance.randint(500, 20000) / 100} for number, name in enumerate(names, 1)
        ],
        "orders": [{"customer_id": chance.randint(1, 150), "status": chance.choice(statuses)} for _ in range(400)],
        "order_lines": [
            {"order_id": chance.randint(1, 400), "product_id": chance.randint(1, len(names)), "price": 19.9} for _ in range(900)
        ],
        "loyalty_accounts": [{"customer_id": number, "points": chance.randint(0, 900)} for number in range(1, 150, 3)],
    }


def customer(number: int, country: str) -> dict[str, Any]:
    email = f"customer{number}@example.com" if number % 4 else f"Customer{number}@Example.com"
    return {"name": f"Customer {number}", "email": email, "country": country, "currency": CURRENCY_BY_COUNTRY[country]}
