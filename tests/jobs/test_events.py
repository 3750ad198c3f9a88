"""Reports that are not the runner's, or not fit to be kept."""

import json

import pytest

from jobs import events
from jobs.events import Events
from jobs.redaction import Redactor


def taken(*pieces: bytes, secrets: tuple[str, ...] = ()) -> list[events.Event]:
    reports = Events(Redactor(secrets))
    return [event for piece in pieces for event in reports.feed(piece)]


@pytest.mark.parametrize(
    "line",
    [
        b"no JSON",
        b"[1]",
        b"7",
        b'{"no": "name"}',
        b'{"event": 7}',
        b'{"event": "step_started"}',
        b'{"event": "step_started", "position": "1", "revision": "a"}',
        b'{"event": "step_finished", "position": 1, "revision": "a"}',
        b'{"event": "sql", "text": null}',
        b'{"event": "locked", "waited_ms": "long"}',
        b'{"event": "context", "heads": 7}',
        b'{"event": "changes", "changes": {}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"event": ' * 50_000,
    ],
)
def test_what_is_no_event_is_passed_over(line: bytes) -> None:
    assert taken(line + b"\n", b'{"event": "closing"}\n') == [{"event": "closing"}]


def test_an_event_may_come_in_any_pieces() -> None:
    line = json.dumps({"event": "sql", "text": "SELECT 'ö'"}).encode() + b"\n"
    assert taken(*(line[at : at + 1] for at in range(len(line)))) == [{"event": "sql", "text": "SELECT 'ö'"}]


def test_texts_can_be_kept_by_any_store() -> None:
    (event,) = taken(b'{"event": "error", "message": "a\\u0000b\\u001b[31m\\ud800c\\nd\\te\\u202e", "\\u0000k": ["\\udfff"]}\n')
    assert event == {"event": "error", "message": "ab[31m?c\nd\te", "k": ["?"]}
    json.dumps(event, ensure_ascii=False).encode()


def test_what_an_error_says_is_cut() -> None:
    (event,) = taken(json.dumps({"event": "error", "message": "x" * 5_000_000, "line": 7}).encode() + b"\n")
    assert (event["message"], event["line"]) == ("x" * events.TEXT_LIMIT + " […]", 7)


def test_a_control_character_within_a_secret_does_not_hide_it() -> None:
    (event,) = taken(b'{"event": "sql", "text": "x correct\\u0000 horse y"}\n', secrets=("correct horse",))
    assert event["text"] == "x *** y"


def test_after_the_limit_only_what_lasts_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LIMIT", 1000)
    sql = json.dumps({"event": "sql", "text": "x" * 80}).encode() + b"\n"
    names = [event["event"] for event in taken(*[sql] * 50, b'{"event": "closing"}\n')]
    assert 5 < names.count("sql") < 12
    assert names[-1] == "closing"


def test_an_event_without_end_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "LIMIT", 1000)
    endless = [b'{"event": "sql", "text": "', *[b"x" * 100] * 50, b'"}\n']
    assert [event["event"] for event in taken(*endless, b'{"event": "closing"}\n')] == ["closing"]
