"""What is written about an installation agrees with what is there."""

import re
from pathlib import Path

import psycopg2.extensions
import pytest
import yaml

from config import env

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r'(?:env\.(?:text|flag|words|number|networks|choice|store|broker)|keys\.kept)\(\s*"([A-Z_]+)"')


def variables_read() -> set[str]:
    return {name for path in (ROOT / "config").glob("*.py") for name in READ.findall(path.read_text())}


def variables_documented() -> set[str]:
    return set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE))


def test_configuration_lists_every_variable():
    assert variables_read() == variables_documented()


@pytest.mark.parametrize("name", ["CONNECT_TIMEOUT", "JOB_TIMEOUT", "STOP_GRACE", "GIT_MAX_BYTES"])
def test_configuration_names_the_default(name, settings):
    row = next(line for line in (ROOT / "docs/configuration.md").read_text().splitlines() if line.startswith(f"| `{name}`"))
    assert f"`{getattr(settings, name)}`" in row


def test_store_that_has_gone_is_given_up(monkeypatch):
    monkeypatch.setenv("STORE", "postgres://ada:secret@db/x?connect_timeout=3")
    options = env.store("STORE", Path("store.sqlite3"))["OPTIONS"]
    assert (int(options["connect_timeout"]), options["tcp_user_timeout"]) == (3, 30_000)
    psycopg2.extensions.make_dsn(**options)  # raises for what the driver does not know


def compose() -> dict:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_compose_has_every_part():
    assert set(compose()["services"]) == {"postgres", "redis", "setup", "web", "worker", "reads", "scheduler"}


@pytest.mark.parametrize("name", ["postgres", "redis", "web", "worker", "reads", "scheduler"])
def test_compose_part_has_health_check(name):
    assert compose()["services"][name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", ["web", "worker", "reads", "scheduler"])
def test_compose_part_gets_time_to_stop(name):
    assert compose()["services"][name]["stop_grace_period"] == "90s"


def test_compose_variables_are_known():
    known = variables_read() | {f"{name}_FILE" for name in variables_read()}
    for service in ("setup", "web", "worker", "reads", "scheduler"):
        assert set(compose()["services"][service]["environment"]) <= known


def test_compose_passes_every_setting_on():
    given = set(compose()["services"]["web"]["environment"])
    # No page with details in production, a user that the worker alone becomes, and what setup alone reads.
    left_out = {name for name in variables_read() if not {name, f"{name}_FILE"} & given}
    assert left_out == {"DEBUG", "RUNNER_USER", "ADMIN_PASSWORD", "ADMIN_TOKEN"}


def test_settings_stay_out_of_image_and_repository():
    assert ".env" in (ROOT / ".dockerignore").read_text().split()
    assert "/.env" in (ROOT / ".gitignore").read_text().split()


def test_compose_secrets_are_made_by_script():
    made = set(re.findall(r"^keep (\w+)", (ROOT / "script/secrets").read_text(), re.MULTILINE))
    assert set(compose()["secrets"]) == made
