"""What the runner is told."""

from jobs import spec


def test_templates_are_filled_with_known_names_only() -> None:
    values = {"url": "sqlite:////a.db", "name": "site {url}"}
    assert spec._filled("dsn={url};{other};{name}", values) == "dsn=sqlite:////a.db;{other};site {url}"


def test_a_template_without_places_stays_as_it_is() -> None:
    assert spec._filled("plain", {}) == "plain"
    assert spec._filled("open { brace", {"url": "x"}) == "open { brace"


def test_the_lock_key_is_the_same_for_every_role_that_leads_to_a_database() -> None:
    one = {"dialect": "postgresql", "database": "shop", "system_identifier": "7", "started_at": "yesterday"}
    assert spec.lock_key(one) == spec.lock_key(one | {"started_at": "today", "system_identifier": None})
    assert spec.lock_key(one) != spec.lock_key(one | {"database": "crm"})
    assert -(2**63) <= spec.lock_key(one) < 2**63


def test_the_session_is_named_after_job_and_dashboard(settings) -> None:
    name = spec.application_name(7)
    assert name.startswith("alembic-dashboard job 7 (")
    assert len(spec.application_name(10**18)) < 64  # what PostgreSQL keeps of it, and MySQL of a lock's name
    settings.SECRET_KEY = "that of another dashboard"
    assert spec.application_name(7) != name
