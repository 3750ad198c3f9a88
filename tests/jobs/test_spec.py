"""What the runner is told."""

from jobs import spec


def test_templates_are_filled_with_known_names_only() -> None:
    values = {"url": "sqlite:////a.db", "name": "site {url}"}
    assert spec._filled("dsn={url};{other};{name}", values) == "dsn=sqlite:////a.db;{other};site {url}"


def test_a_template_without_places_stays_as_it_is() -> None:
    assert spec._filled("plain", {}) == "plain"
    assert spec._filled("open { brace", {"url": "x"}) == "open { brace"


def test_the_lock_key_depends_on_the_server_and_not_on_its_start() -> None:
    one = {"dialect": "postgresql", "database": "shop", "system_identifier": "7", "started_at": "yesterday"}
    assert spec.lock_key(one) == spec.lock_key(one | {"started_at": "today"})
    assert spec.lock_key(one) != spec.lock_key(one | {"database": "crm"})
    assert -(2**63) <= spec.lock_key(one) < 2**63
