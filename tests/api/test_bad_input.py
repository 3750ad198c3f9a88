"""Malformed input, from the corpus of the threat model: each case is answered 4xx with a problem that names the cause.

Nothing is a 5xx, nothing hangs, and no answer repeats a password.
"""

import time
from pathlib import Path
from typing import Any

import pytest

from environments.models import Database, Environment
from jobs.models import Job
from migrations_store.models import Project
from tests.api.conftest import NOTHING, Api, problem_of

PASSWORD = "Kanari-4711-Vogel"
LIMIT = 5.0
HALF_PAIR = "\ud800"
BIDI = "\u202e"


def refused(api: Api, method: str, path: str, body: Any = NOTHING, **more: str) -> dict[str, Any]:
    """The problem that a call is answered with, in time and without a password in it."""
    begun = time.monotonic()
    answer = api.call(method, path, body, **more)
    assert time.monotonic() - begun < LIMIT
    assert PASSWORD not in answer.content.decode() + str(answer.headers)
    return problem_of(answer)


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


@pytest.mark.parametrize("case", BODIES)
def test_body_that_is_no_json_object_is_refused(api: Api, case: str) -> None:
    body, status = BODIES[case]
    assert refused(api, "POST", "/projects", body)["status"] == status


@pytest.mark.parametrize(
    "kind", ["text/plain", "text/xml", "application/xml", "multipart/form-data; boundary=x", "application/pickle", "*/*", "json"]
)
def test_body_of_another_type_is_refused(api: Api, kind: str) -> None:
    assert refused(api, "POST", "/environments", {"slug": "x", "name": "x"}, kind=kind)["status"] == 415
    assert not Environment.objects.exists()


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x-www-form-urlencoded", ""]
)
def test_json_is_taken_as_programs_send_it(api: Api, kind: str) -> None:
    assert api.call("POST", "/environments", {"slug": "x", "name": "x"}, kind=kind).status_code == 201
