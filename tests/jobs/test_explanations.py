"""Real messages lead to the right card."""

import time

import pytest

from jobs.explanations import explain
from jobs.supervisor import Exit

MESSAGES = {
    "Can't locate revision identified by 'deadbeef'": "AM-101",
    "Multiple head revisions are present for given argument 'head'; please specify a specific target revision": "AM-103",
    "Cycle is detected in revisions (a, b)": "AM-106",
    "Target database is not up to date.": "AM-107",
    "Can't proceed with --autogenerate option; environment script env.py does not provide a MetaData object": "AM-108",
    "Destination b is not a valid downgrade target from current head(s)": "AM-110",
    "Relative revision -5 didn't produce 5 migrations": "AM-111",
    "No 'script_location' key found in configuration.": "AM-113",
    "1 validation error for Settings\nSHOP_URL\n  Field required [type=missing, input_value={}, input_type=dict]": "AM-115",
    "SHOP_URL not found. Declare it as envvar or define a default value.": "AM-115",
    'Environment variable "SHOP_URL" not set': "AM-115",
    "Set the SHOP_URL environment variable": "AM-115",
    'connection to server at "db", port 5432 failed: Connection refused': "AM-201",
    'FATAL:  password authentication failed for user "ada"': "AM-202",
    'FATAL:  database "shop" does not exist': "AM-203",
    "permission denied for schema public": "AM-205",
    "canceling statement due to lock timeout": "AM-301",
    "database is locked": "AM-301",
    "deadlock detected": "AM-310",
    '(1213, "Deadlock found when trying to get lock; try restarting transaction")': "AM-310",
    "canceling statement due to statement timeout": "AM-302",
    'relation "t" already exists': "AM-303",
    'relation "nope" does not exist': "AM-304",
    'column "x" of relation "t" contains null values': "AM-305",
    'column "d" cannot be cast automatically to type date': "AM-306",
    "CREATE INDEX CONCURRENTLY cannot run inside a transaction block": "AM-307",
    'near "ALTER": syntax error': "AM-308",
    "value too long for type character varying(32)": "AM-309",
}


def card(message: str | None, code: str = "database", **end: object) -> dict[str, object]:
    error = None if message is None else {"event": "error", "code": code, "type": "Error", "message": message, "step": "one"}
    return explain(error, Exit(**end), "", place="shop dev", database_state="unchanged")  # type: ignore[arg-type]


@pytest.mark.parametrize(("message", "code"), MESSAGES.items(), ids=MESSAGES.values())
def test_a_message_leads_to_its_card(message: str, code: str) -> None:
    assert card(message)["code"] == code


@pytest.mark.parametrize("message", MESSAGES)
def test_every_card_is_whole(message: str) -> None:
    found = card(message)
    assert found["title"]
    assert found["why"]
    assert found["next"]
    assert "as it was before" in str(found["why"])


def test_settings_that_are_missing_are_named() -> None:
    wrong = "PORT\n  Input should be a valid integer [type=int_parsing]\n    For further information visit https://errors.pydantic.dev\n"
    found = card("3 validation errors for AppSettings\n" + wrong + "shop_url\n  Field required [type=missing]\nother\n  Field required\n")
    assert "asks for shop_url." in str(found["why"])
    rows = card("1 validation error for Customer\nname\n  Field required [type=missing]", "project_error")
    assert rows["code"] == "project_error"


@pytest.mark.parametrize("code", ["wrong_database", "lock_busy", "plan_changed", "env_did_nothing", "exited", "missing_interpreter"])
def test_our_own_codes_keep_their_sentence(code: str) -> None:
    found = card("The reason is this {one}.", code)
    assert found["code"] == code
    assert "The reason is this {one}." in str(found["why"])


@pytest.mark.parametrize("code", ["login_rejected", "dns_failed", "timeout", "locked", "secret_unreadable"])
def test_a_database_that_cannot_be_read_at_the_start_is_no_failed_migration(code: str) -> None:
    found = card("db:5432 does not want this.", code)
    assert found["code"] == "database_not_read"
    assert "db:5432 does not want this." in str(found["why"])


def test_the_end_of_the_process_is_explained() -> None:
    assert card(None, timed_out=True)["code"] == "timed_out"
    assert card(None, signal=9)["code"] == "killed"
    assert card(None, returncode=0, closed=True)["code"] == "version_not_moved"


def test_a_success_that_could_not_be_read_is_not_told_as_a_version_that_did_not_move() -> None:
    assert explain(None, Exit(0, closed=True), "", place="shop", database_state="unknown")["code"] == "unverified"


@pytest.mark.parametrize("text", ["y" * 3_000_000, f"{'y' * 8000}\n" * 600, "KeyError: 'a' " * 200_000], ids=["a word", "lines", "names"])
def test_megabytes_do_not_hold_the_worker_up(text: str) -> None:
    """It would count as dead meanwhile, and its job as lost."""
    begun = time.process_time()
    assert card(text)["code"] == "project_error"
    assert explain(None, Exit(signal=9), text, place="shop dev")["code"] == "killed"
    assert time.process_time() - begun < 5


def test_the_end_of_a_long_log_tells_the_cause() -> None:
    tail = "progress\n" * 100_000 + 'ERROR: relation "t" already exists'
    assert explain(None, Exit(returncode=1), tail, place="shop dev")["code"] == "AM-303"


def test_a_failure_of_the_projects_code_gives_its_words() -> None:
    found = card("the cellar is full", "project_error", returncode=1)
    assert (found["code"], "the cellar is full" in str(found["why"])) == ("project_error", True)


def test_what_env_raises_before_any_revision_does_not_send_people_to_a_revision() -> None:
    error = {"code": "project_error", "type": "Exception", "message": "No connection set", "step": None, "file": "env.py", "line": 16}
    found = explain(error, Exit(returncode=1), "", place="shop dev", database_state="unchanged")
    assert (found["code"], found["title"]) == ("project_error", "shop dev: the project's code failed, and no revision was begun")
    assert not any("Mend the revision" in step for step in found["next"])
    assert "environment variables" in found["next"][1]


@pytest.mark.parametrize(("begun", "change"), [(True, {}), (False, {"step": "one"}), (False, {"code": "database"})])
def test_what_a_revision_or_the_server_says_is_not_told_as_envs(begun: bool, change: dict[str, str]) -> None:
    error = {"code": "project_error", "type": "Exception", "message": "No room", "step": None} | change
    found = explain(error, Exit(returncode=1), "", place="shop dev", database_state="unchanged", begun=begun)
    assert found["title"] == "shop dev: the migration failed"


def test_a_table_that_the_first_revision_of_all_expects_was_never_made() -> None:
    error = {"code": "database", "type": "Error", "message": "no such table: metrics", "step": "one", "file": "one.py", "line": 7}
    found = explain(error, Exit(returncode=1), "", place="shop dev", database_state="unchanged", first_of_all=True)
    assert found["code"] == "needs_tables"
    assert found["why"].startswith("no such table: metrics (one.py, line 7). This is the first revision that does anything, ")
    assert "Stamp" in found["next"][1]
    assert explain(error, Exit(returncode=1), "", place="shop dev", database_state="unchanged")["code"] == "AM-304"


def test_after_a_part_has_stayed_comparing_is_asked_for_once() -> None:
    error = {"type": "OperationalError", "message": "no such table: nowhere"}
    steps = explain(error, Exit(returncode=1), "", place="shop dev", database_state="partial")["next"]
    assert [step.startswith("Compare the database with") for step in steps].count(True) == 1


def test_a_place_stands_within_its_sentence() -> None:
    error = {"code": "exited", "type": "SystemExit", "message": "It ended with sys.exit(1).", "file": "env.py", "line": 28}
    assert explain(error, Exit(returncode=1), "", place="shop dev")["why"] == "It ended with sys.exit(1) (env.py, line 28)."


def test_a_sentence_of_the_runner_stands_alone() -> None:
    error = {"event": "error", "code": "project_error", "type": "Failure", "message": "Revision two has no downgrade()."}
    found = explain(error, Exit(returncode=1), "", place="shop dev", database_state="unchanged")
    assert found["why"] == "Revision two has no downgrade(). The database is as it was before."
