"""Malformed input, from the corpus of the threat model: each case is answered 4xx with a problem that names the cause.

Nothing is a 5xx, nothing hangs, nothing is kept, and no answer repeats a password.
"""

import time
from pathlib import Path
from typing import Any

import pytest

from environments.models import Database, Environment
from jobs.models import Job, Promotion
from migrations_store.models import Project
from tests.api import corpus
from tests.api.conftest import NOTHING, Api, problem_of, stamp
from tests.api.corpus import HALF_PAIR, PASSWORD

LIMIT = 5.0


def refused(api: Api, method: str, path: str, body: Any = NOTHING, **more: str) -> dict[str, Any]:
    """The problem that a call is answered with, in time and without a password in it."""
    begun = time.monotonic()
    answer = api.call(method, path, body, **more)
    assert time.monotonic() - begun < LIMIT
    assert PASSWORD not in answer.content.decode() + str(answer.headers)
    return problem_of(answer)


# --- bodies, whatever they are for

BODIES = {
    "nothing": (b"", 422),
    "a brace": (b"{", 400),
    "single quotes": (b"{'slug': 'x'}", 400),
    "a trailing comma": (b'{"slug": "x",}', 400),
    "a comment": (b'{"slug": "x" /* no */}', 400),
    "two objects": (b"{}{}", 400),
    "not UTF-8": (b'{"slug": "\xff\xfe"}', 400),
    "UTF-16": ('{"slug": "x"}'.encode("utf-16"), 400),
    "a byte order mark": (b'\xef\xbb\xbf{"slug": "x"}', 400),
    "a raw NUL": (b'{"slug": "\x00"}', 400),
    "NaN": (b'{"slug": NaN}', 400),
    "Infinity": (b'{"slug": -Infinity}', 400),
    "a number beyond floats": (b'{"slug": 1e999}', 422),
    "a number of 5,000 digits": (b'{"slug": ' + b"9" * 5000 + b"}", 400),
    "lists 20,000 deep": (b"[" * 20_000, 400),
    "objects 10,000 deep": (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, 400),
    "a name twice": (b'{"slug": "a", "slug": "b", "source": {}}', 400),
    "a name twice within": (b'{"slug": "a", "source": {"kind": "git", "kind": "directory"}}', 400),
    "null": (b"null", 400),
    "a list": (b"[]", 400),
    "a text": (b'"slug"', 400),
    "a number": (b"7", 400),
    "a form": (b"slug=x&source=y", 400),
    "3 MB": (b'{"slug": "' + b"x" * 3_000_000 + b'"}', 413),
}
OTHER_TYPES = ("text/plain", "text/xml", "application/xml", "multipart/form-data; boundary=x", "application/pickle", "*/*", "json")
JSON_TYPES = ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x-www-form-urlencoded", "")


@pytest.mark.parametrize("case", BODIES)
def test_body_that_is_no_json_object_is_refused(api: Api, case: str) -> None:
    body, status = BODIES[case]
    assert refused(api, "POST", "/projects", body)["status"] == status


@pytest.mark.parametrize("kind", OTHER_TYPES)
def test_body_of_another_type_is_refused(api: Api, kind: str) -> None:
    assert refused(api, "POST", "/environments", {"slug": "x", "name": "x"}, kind=kind)["status"] == 415
    assert not Environment.objects.exists()


@pytest.mark.parametrize("kind", JSON_TYPES)
def test_json_is_taken_however_programs_label_it(api: Api, kind: str) -> None:
    assert api.call("POST", "/environments", {"slug": "x", "name": "x"}, kind=kind).status_code == 201


# --- addresses, queries, methods, headers

ADDRESSES = [
    ("GET", "/projects?limit=-1", "limit"),
    ("GET", "/projects?limit=0", "limit"),
    ("GET", "/projects?limit=1001", "limit"),
    ("GET", "/projects?limit=many", "limit"),
    ("GET", "/projects?limit=1e3", "limit"),
    ("GET", "/projects?limit=1.5", "limit"),
    ("GET", "/projects?limit=", "limit"),
    ("GET", "/projects?limit=" + "9" * 5000, "limit"),
    ("GET", "/environments?offset=-1", "offset"),
    ("GET", "/databases?offset=99999999999999999999", "offset"),
    ("GET", "/databases?state=sleepy", "state"),
    ("GET", "/databases?state=%ED%A0%80", "state"),
    ("GET", "/databases?project=" + "x" * 101, "project"),
    ("GET", "/jobs?status=sleepy", "status"),
    ("GET", "/jobs?status=succeeded%0a", "status"),
    ("GET", "/audit?after=x", "after"),
    ("GET", "/audit?after=-1", "after"),
    ("GET", "/audit?after=" + "9" * 30, "after"),
    ("GET", "/audit?object=" + "x" * 301, "object"),
    ("GET", "/projects/shop/revisions?q=" + "x" * 201, "q"),
    ("GET", "/projects/shop/revisions?limit=-5", "limit"),
    ("GET", "/jobs/1/log?after=-1", "after"),
    ("GET", "/jobs/1/log?after=3000000000", "after"),
    ("GET", "/jobs/1/log?limit=5001", "limit"),
]


@pytest.mark.parametrize(("method", "path", "field"), ADDRESSES)
def test_query_that_makes_no_sense_is_refused_by_name(api: Api, project: Project, method: str, path: str, field: str) -> None:
    found = refused(api, method, path)
    assert found["status"] == 422
    assert list(found["errors"]) == [field]


@pytest.mark.parametrize("path", corpus.NOWHERE)
def test_what_does_not_exist_is_not_found(api: Api, project: Project, path: str) -> None:
    assert refused(api, "GET", path)["status"] == 404


@pytest.mark.parametrize("path", corpus.WITH_NUL)
def test_address_with_nul_is_refused(api: Api, project: Project, path: str) -> None:
    assert refused(api, "GET", path)["status"] == 400


@pytest.mark.parametrize(("method", "path"), corpus.METHODS)
def test_method_that_is_not_taken_is_refused_with_those_that_are(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path)
    assert problem_of(answer)["status"] == 405
    assert answer["Allow"]
    assert method not in answer["Allow"]


def test_what_can_be_got_can_be_asked_for_its_headers(api: Api, dev: Environment) -> None:
    for path in ("/environments", "/environments/dev", "/docs", "/openapi.json"):
        assert api.call("HEAD", path).status_code == 200
    assert api.call("HEAD", "/environments/none").status_code == 404
    assert api.call("HEAD", "/plans").status_code == 405
    assert Api(None).call("HEAD", "/environments").status_code == 401


def test_method_is_not_changed_by_a_header(api: Api, dev: Environment) -> None:
    assert api.call("GET", "/environments/dev", X_HTTP_Method_Override="DELETE").status_code == 200
    assert Environment.objects.filter(slug="dev").exists()


@pytest.mark.parametrize("host", ["evil.example", "localhost:80@evil.example", "a b", ""])
def test_host_that_is_not_ours_is_refused(api: Api, host: str) -> None:
    assert refused(api, "GET", "/projects", Host=host)["status"] == 400


# --- projects


def source(**fields: Any) -> dict[str, Any]:
    return {"slug": "bad", "source": {"kind": "git", "url": "https://git.example.org/shop.git"} | fields}


def named(**fields: Any) -> dict[str, Any]:
    """Everything else about the project is right, so that only the named fields can be at fault."""
    return {"slug": "bad", "source": {"kind": "directory", "path": "ROOT"}} | fields


PROJECTS = [
    (named(nonsense=1), "nonsense"),
    (named(Slug="x"), "Slug"),
    (named(id=1), "id"),
    (named(source=None), "source"),
    (named(source="directory"), "source"),
    (named(source=[]), "source"),
    (named(source={}), "source"),
    (named(source={"kind": "floppy"}), "source"),
    (named(source={"kind": ["git"]}), "source"),
    (named(source={"kind": "directory"}), "source.path"),
    (named(source={"kind": "directory", "path": 7}), "source.path"),
    (named(source={"kind": "directory", "path": "/", "url": "x"}), "source.url"),
    (named(source={"kind": "git"}), "source.url"),
    (named(name=7), "name"),
    (named(name="x" * 201), "name"),
    (named(name=f"a{HALF_PAIR}"), "name"),
    (named(name="a\nb"), "name"),
    (named(section="x" * 101), "section"),
    (named(section="a\0"), "section"),
    (named(config_path="/etc/passwd"), "config_path"),
    (named(config_path="../../etc/passwd"), "config_path"),
    (named(config_path="a/../../b"), "config_path"),
    (named(working_directory="/"), "working_directory"),
    (named(working_directory=".."), "working_directory"),
    (named(version_locations="versions"), "version_locations"),
    (named(version_locations=[7]), "version_locations.0"),
    (named(version_locations=["x"] * 101), "version_locations"),
    (named(python="python3"), "python"),
    (named(python="/nonexistent/python"), "python"),
    (named(python="/etc/passwd"), "python"),
    (named(python="/bin/sh -c id"), "python"),
    (named(env_vars="A=1"), "env_vars"),
    (named(env_vars=["A=1"]), "env_vars"),
    (named(env_vars={"A": 1}), "env_vars.A"),
    (named(env_vars={"A": None}), "env_vars.A"),
    (named(env_vars={"": "x"}), "env_vars"),
    (named(env_vars={"A=B": "x"}), "env_vars"),
    (named(env_vars={"1A": "x"}), "env_vars"),
    (named(env_vars={"A B": "x"}), "env_vars"),
    (named(env_vars={"A\n": "x"}), "env_vars"),
    (named(env_vars={"BASH_FUNC_x%%": "() { id; }"}), "env_vars"),
    (named(env_vars={"A": "\0"}), "env_vars"),
    (named(env_vars={"A": "{secret}"}), "env_vars"),
    (named(env_vars={"A": "x" * 4001}), "env_vars"),
    (named(env_vars={f"A{n}": "x" for n in range(101)}), "env_vars"),
    (named(x_arguments={"a": "b"}), "x_arguments"),
    (named(x_arguments=["novalue"]), "x_arguments"),
    (named(x_arguments=["=x"]), "x_arguments"),
    (named(x_arguments=[" = "]), "x_arguments"),
    (named(x_arguments=["url={nothing}"]), "x_arguments"),
    (named(x_arguments=["a=b"] * 101), "x_arguments"),
    (named(flask_app="app"), "flask_app"),
    (named(flask_app="os:system('id')"), "flask_app"),
    (named(flask_app="a:b;c"), "flask_app"),
    (source(subdirectory="../x"), "subdirectory"),
    (source(subdirectory="/etc"), "subdirectory"),
]


@pytest.mark.parametrize("slug", corpus.SLUGS)
def test_slug_of_a_project_is_refused(api: Api, root: Path, slug: Any) -> None:
    found = refused(api, "POST", "/projects", {"slug": slug, "source": {"kind": "directory", "path": str(root)}})
    assert "slug" in found["errors"]
    assert not Project.objects.exists()


@pytest.mark.parametrize(("body", "field"), PROJECTS)
def test_field_of_a_project_is_refused_by_name(api: Api, root: Path, body: dict[str, Any], field: str) -> None:
    if isinstance(body["source"], dict) and body["source"].get("path") == "ROOT":
        body = body | {"source": body["source"] | {"path": str(root)}}
    found = refused(api, "POST", "/projects", body)
    assert list(found["errors"]) == [field]
    assert field in found["detail"]
    assert not Project.objects.exists()


@pytest.mark.parametrize("url", corpus.GIT_URLS)
def test_git_address_is_refused(api: Api, url: Any) -> None:
    assert refused(api, "POST", "/projects", source(url=url))["status"] == 422
    assert not Project.objects.exists()


@pytest.mark.parametrize("ref", corpus.REFS)
def test_git_ref_is_refused(api: Api, ref: Any) -> None:
    assert refused(api, "POST", "/projects", source(ref=ref))["status"] == 422


@pytest.mark.parametrize("path", corpus.DIRECTORIES)
def test_directory_is_refused(api: Api, path: str) -> None:
    assert refused(api, "POST", "/projects", {"slug": "bad", "source": {"kind": "directory", "path": path}})["status"] == 422


@pytest.mark.parametrize("place", ["script_location", "version_locations"])
@pytest.mark.parametrize("path", ["/etc", "../../../etc", "a/../../../etc"])
def test_code_outside_the_source_is_refused(api: Api, root: Path, place: str, path: str) -> None:
    value = [path] if place == "version_locations" else path
    body = {"slug": "bad", "source": {"kind": "directory", "path": str(root)}, place: value}
    assert refused(api, "POST", "/projects", body)["code"] == "configuration_unreadable"


@pytest.mark.parametrize("name", ["config_path", "script_location", "version_locations", "working_directory"])
def test_name_that_no_file_system_takes_is_refused(api: Api, root: Path, name: str) -> None:
    value = "x" * 300
    body = named(source={"kind": "directory", "path": str(root)}, **{name: [value] if name == "version_locations" else value})
    answer = api.call("POST", "/projects", body)
    assert answer.status_code == 201 if name == "working_directory" else problem_of(answer)["code"] == "configuration_unreadable"


def test_patch_of_a_project_is_looked_at_like_a_new_one(api: Api, project: Project) -> None:
    for body in ({"slug": None}, {"slug": "a b"}, {"source": None}, {"source": {"kind": "floppy"}}, {"nonsense": 1}, {"name": 7}):
        assert refused(api, "PATCH", "/projects/shop", body)["status"] == 422
    project.refresh_from_db()
    assert (project.slug, project.name) == ("shop", "shop")


# --- environments

ENVIRONMENTS = [
    ({}, "slug"),
    ({"slug": "a b"}, "slug"),
    ({"slug": "Dev"}, "slug"),
    ({"slug": "-dev"}, "slug"),
    ({"slug": "x" * 65}, "slug"),
    ({"slug": "../x"}, "slug"),
    ({"slug": 7}, "slug"),
    ({"slug": None}, "slug"),
    ({"name": "x" * 201}, "name"),
    ({"name": 7}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"position": "first"}, "position"),
    ({"position": "1"}, "position"),
    ({"position": -1}, "position"),
    ({"position": 2**31}, "position"),
    ({"position": 10**40}, "position"),
    ({"position": 1.5}, "position"),
    ({"position": True}, "position"),
    ({"position": None}, "position"),
    ({"protected": "perhaps"}, "protected"),
    ({"protected": 1}, "protected"),
    ({"protected": None}, "protected"),
    ({"lock_timeout": -1}, "lock_timeout"),
    ({"statement_timeout": "5s"}, "statement_timeout"),
    ({"rank": 1}, "rank"),
]


@pytest.mark.parametrize(("fields", "field"), ENVIRONMENTS)
def test_field_of_an_environment_is_refused_by_name(api: Api, fields: dict[str, Any], field: str) -> None:
    body = {"slug": "bad", "name": "bad"} | fields if fields else {"name": "bad"}
    assert list(refused(api, "POST", "/environments", body)["errors"]) == [field]
    assert not Environment.objects.exists()


def test_slug_that_is_taken_is_a_conflict(api: Api, project: Project, dev: Environment) -> None:
    assert refused(api, "POST", "/environments", {"slug": "dev", "name": "x"})["status"] == 409
    same = {"slug": "shop", "source": {"kind": "directory", "path": project.source_path}}
    assert refused(api, "POST", "/projects", same)["status"] == 409


# --- databases

PROFILES = [
    ({"project": "none"}, "project"),
    ({"project": None}, "project"),
    ({"project": "../shop"}, "project"),
    ({"project": ["shop"]}, "project"),
    ({"environment": "none"}, "environment"),
    ({"environment": 1}, "environment"),
    ({"name": 7}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "a\0b"}, "name"),
    ({"version_table": "x" * 129}, "version_table"),
    ({"version_table": "a\nb"}, "version_table"),
    ({"version_table_schema": 7}, "version_table_schema"),
    ({"create_if_missing": "yes"}, "create_if_missing"),
    ({"create_if_missing": 1}, "create_if_missing"),
    ({"password": PASSWORD}, "password"),
    ({"secret": PASSWORD}, "secret"),
    ({"state": "up_to_date"}, "state"),
    ({"id": "00000000-0000-0000-0000-000000000000"}, "id"),
]


def profile(**fields: Any) -> dict[str, Any]:
    return {"project": "shop", "environment": "dev", "name": "bad", "url": "sqlite:////srv/none.db"} | fields


@pytest.mark.parametrize("url", corpus.URLS)
def test_url_of_a_database_is_refused(api: Api, project: Project, dev: Environment, url: Any) -> None:
    assert list(refused(api, "POST", "/databases", profile(url=url))["errors"]) == ["url"]
    assert not Database.objects.exists()


@pytest.mark.parametrize(("fields", "field"), PROFILES)
def test_field_of_a_database_is_refused_by_name(api: Api, project: Project, dev: Environment, fields: dict[str, Any], field: str) -> None:
    found = refused(api, "POST", "/databases", profile(url=f"postgresql://u:{PASSWORD}@127.0.0.1/d", **fields))
    assert list(found["errors"]) == [field]
    assert not Database.objects.exists()


def test_the_dashboards_own_store_is_no_database_to_manage(
    api: Api, project: Project, dev: Environment, tmp_path: Path, settings: Any
) -> None:
    """Neither by its path nor through a link."""
    store = tmp_path / "store.sqlite3"
    store.touch()
    (tmp_path / "link.db").symlink_to(store)
    settings.DATABASES["default"]["NAME"], before = str(store), settings.DATABASES["default"]["NAME"]
    try:
        for path in (store, tmp_path / "link.db", tmp_path / "shop" / ".." / "store.sqlite3"):
            assert "url" in refused(api, "POST", "/databases", profile(url=f"sqlite:///{path}"))["errors"]
    finally:
        settings.DATABASES["default"]["NAME"] = before


@pytest.mark.parametrize(
    "body", [{"url": 7}, {"url": ""}, {"url": None}, {"project": "none"}, {"environment": None}, {"nonsense": 1}, {"name": 7}]
)
def test_patch_of_a_database_is_looked_at_like_a_new_one(api: Api, database: Database, body: dict[str, Any]) -> None:
    assert list(refused(api, "PATCH", f"/databases/{database.pk}", body)["errors"]) == list(body)


# --- plans, jobs, promotions, proposals


@pytest.mark.parametrize("kind", ["/plans", "/jobs"])
@pytest.mark.parametrize("revision", corpus.REVISIONS)
def test_revision_is_refused(api: Api, database: Database, kind: str, revision: Any) -> None:
    assert refused(api, "POST", kind, {"database": str(database.pk), "command": "upgrade", "revision": revision})["status"] == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize("kind", ["/plans", "/jobs"])
@pytest.mark.parametrize("command", corpus.COMMANDS)
def test_command_is_refused(api: Api, database: Database, kind: str, command: Any) -> None:
    assert "command" in refused(api, "POST", kind, {"database": str(database.pk), "command": command})["errors"]


@pytest.mark.parametrize("kind", ["/plans", "/jobs", "/proposals"])
@pytest.mark.parametrize("id", corpus.IDS)
def test_database_that_does_not_exist_is_refused(api: Api, kind: str, id: Any) -> None:
    rest = {"message": "x"} if kind == "/proposals" else {"command": "upgrade"}
    assert refused(api, "POST", kind, {"database": id} | rest)["status"] in (404, 422)


JOBS = [
    ({"plan_digest": 7}, "plan_digest"),
    ({"plan_digest": "x" * 65}, "plan_digest"),
    ({"reason": 7}, "reason"),
    ({"reason": "x" * 2001}, "reason"),
    ({"reason": "a\0b"}, "reason"),
    ({"status": "succeeded"}, "status"),
    ({"requested_by": "eve"}, "requested_by"),
    ({"sql": "DROP TABLE t"}, "sql"),
]


@pytest.mark.parametrize(("fields", "field"), JOBS)
def test_field_of_a_job_is_refused_by_name(api: Api, database: Database, fields: dict[str, Any], field: str) -> None:
    body = {"database": str(database.pk), "command": "upgrade"} | fields
    assert list(refused(api, "POST", "/jobs", body)["errors"]) == [field]
    assert not Job.objects.exists()


@pytest.mark.parametrize("digest", ["0" * 64, "x", "../../x", "' OR 1=1 --"])
def test_digest_of_another_plan_is_a_conflict(api: Api, database: Database, digest: str) -> None:
    body = {"database": str(database.pk), "command": "upgrade", "plan_digest": digest}
    assert refused(api, "POST", "/jobs", body)["status"] == 409
    assert not Job.objects.exists()


@pytest.mark.parametrize("key", ["x" * 201, "é", "a\x01b", "a\tb", "ключ"])
def test_idempotency_key_is_refused(api: Api, database: Database, key: str) -> None:
    body = {"database": str(database.pk), "command": "upgrade"}
    assert "Idempotency-Key" in refused(api, "POST", "/jobs", body, Idempotency_Key=key)["errors"]
    assert not Job.objects.exists()


ABOUT_JOBS = [
    ("cancellation", {"reason": 7}, 422),
    ("cancellation", {"reason": "x" * 2001}, 422),
    ("cancellation", {"why": "x"}, 422),
    ("cancellation", b"[]", 400),
    ("approvals", {}, 422),
    ("approvals", {"decision": "perhaps"}, 422),
    ("approvals", {"decision": "APPROVE"}, 422),
    ("approvals", {"decision": True}, 422),
    ("approvals", {"decision": "approve", "comment": "x" * 2001}, 422),
    ("approvals", {"decision": "approve", "by": "bob"}, 422),
    ("approvals", {"decision": "approve"}, 403),
]


@pytest.mark.parametrize(("what", "body", "status"), ABOUT_JOBS)
def test_word_about_a_job_is_refused(api: Api, database: Database, what: str, body: Any, status: int) -> None:
    job = api.post("/jobs", {"database": str(database.pk), "command": "upgrade"})
    assert refused(api, "POST", f"/jobs/{job['id']}/{what}", body)["status"] == status
    assert Job.objects.get().status == "queued"


PROMOTIONS = [
    ({}, 422),
    ({"project": "none"}, 404),
    ({"from": "none"}, 404),
    ({"to": "none"}, 404),
    ({"to": "dev"}, 422),
    ({"revision": "three"}, 422),
    ({"revision": "x; DROP"}, 422),
    ({"revision": ["one"]}, 422),
    ({"source": "dev"}, 422),
    ({"from": "test", "to": "dev"}, 422),
]


@pytest.mark.parametrize(("fields", "status"), PROMOTIONS)
def test_promotion_is_refused(
    api: Api, database: Database, add_database: Any, add_environment: Any, fields: dict[str, Any], status: int
) -> None:
    stamp(database, "one")
    add_database(add_environment("test", 2))
    body = {"project": "shop", "from": "dev", "to": "test"} | fields if fields else {}
    assert refused(api, "POST", "/promotions", body)["status"] == status
    assert not Promotion.objects.exists()


@pytest.mark.parametrize("message", ["x" * 201, 7, None, [], "a\0b"])
def test_message_of_a_proposal_is_refused(api: Api, database: Database, message: Any) -> None:
    assert "message" in refused(api, "POST", "/proposals", {"database": str(database.pk), "message": message})["errors"]


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer  ", "Bearer wrong", "Basic YWRtaW46YWRtaW4=", "Token x", "Bearer \u00e9", "Bearer a b", "x" * 9000, "\0"]
)
def test_authorization_that_is_no_token_of_ours_is_refused(api: Api, header: str) -> None:
    answer = api.call("GET", "/projects", Authorization=header)
    assert problem_of(answer)["status"] == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
