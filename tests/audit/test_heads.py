"""Signed heads leave the store by file and webhook, and what is not in the record any more is named by them."""

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audit import delivery, heads, protection, restoration, signatures
from audit.errors import NothingLost
from audit.models import AuditCheck, AuditEntry, AuditHead, SignedHead
from audit.queries import verify
from audit.services import record

pytestmark = pytest.mark.django_db


def add(count: int) -> None:
    for number in range(count):
        record("ada", "test.entry", f"thing {number}")


def lines(settings) -> list[dict]:
    return [json.loads(line) for line in Path(settings.AUDIT_EXPORT).read_text().splitlines()]


def go_back_to(seq: int) -> None:
    """A backup of the store from when the record ended there."""
    with protection.removed():
        AuditEntry.objects.filter(seq__gt=seq).delete()
        SignedHead.objects.filter(seq__gt=seq).delete()
        AuditHead.objects.update(seq=seq, hash=AuditEntry.objects.get(seq=seq).hash)


def test_head_is_signed_and_written_outside_when_it_has_moved(settings) -> None:
    add(3)
    delivery.sign_and_deliver()
    delivery.sign_and_deliver()
    (line,) = lines(settings)
    assert (line["kind"], line["installation"], line["seq"], line["hash"]) == ("head", "here", 3, AuditHead.objects.get().hash)
    facts = {name: line[name] for name in ("installation", "seq", "hash", "at")}
    assert signatures.holds("head", facts, line["signature"])
    assert stat.S_IMODE(Path(settings.AUDIT_EXPORT).stat().st_mode) == 0o600
    assert settings.AUDIT_KEYS[0] not in Path(settings.AUDIT_EXPORT).read_text()


def test_nothing_is_signed_before_there_is_anything(settings) -> None:
    delivery.sign_and_deliver()
    assert not SignedHead.objects.exists()
    assert not Path(settings.AUDIT_EXPORT).exists()


def test_what_does_not_hold_is_not_signed() -> None:
    add(3)
    delivery.sign_and_deliver()
    add(2)
    with protection.removed():
        AuditEntry.objects.filter(seq=4).update(actor="eve")
    found = delivery.sign_and_deliver()
    assert found.broken_at == 4
    assert list(SignedHead.objects.values_list("seq", flat=True)) == [3]
    assert AuditCheck.objects.get().broken_at == 4


def test_broken_record_stays_broken_on_the_page_while_new_entries_hold() -> None:
    """The quick look at what is new must not wipe out what a look at everything has found."""
    add(3)
    delivery.sign_and_deliver()
    with protection.removed():
        AuditEntry.objects.filter(seq=1).update(actor="eve")
    from audit.verification import keep

    keep(verify())
    add(1)
    delivery.sign_and_deliver()
    assert AuditCheck.objects.get().broken_at == 1


def test_file_that_cannot_be_written_is_made_up_for_later(settings, tmp_path: Path) -> None:
    place = settings.AUDIT_EXPORT
    settings.AUDIT_EXPORT = str(tmp_path)
    for _ in range(2):
        add(1)
        assert any("cannot be read" in warning for warning in delivery.sign_and_deliver().warnings)
    settings.AUDIT_EXPORT = place
    delivery.sign_and_deliver()
    assert [line["seq"] for line in lines(settings)] == [1, 2]


def test_export_can_be_switched_off(settings) -> None:
    settings.AUDIT_EXPORT = "off"
    add(1)
    delivery.sign_and_deliver()
    assert SignedHead.objects.get().filed_at is None
    assert verify().broken_at is None


def test_heads_of_another_installation_are_not_ours_to_judge(settings) -> None:
    add(2)
    delivery.sign_and_deliver()
    settings.INSTALLATION_ID = "there"
    assert heads.kept_outside() == []


@pytest.mark.parametrize("edit", ["signature", "hash", "seq", "at", "noise"])
def test_edited_line_of_the_file_is_found(settings, edit: str) -> None:
    add(2)
    delivery.sign_and_deliver()
    place, (line,) = Path(settings.AUDIT_EXPORT), lines(settings)
    values = {"signature": "0" * 64, "hash": "0" * 64, "seq": 1, "at": "2020-01-01T00:00:00.000000+00:00"}
    place.write_text("noise\n" if edit == "noise" else json.dumps(line | {edit: values[edit]}) + "\n")
    assert "does not bear our signature" in verify().problem


def test_older_key_still_verifies_and_the_newest_signs(settings) -> None:
    add(1)
    delivery.sign_and_deliver()
    settings.AUDIT_KEYS = ["a new key", *settings.AUDIT_KEYS]
    add(1)
    delivery.sign_and_deliver()
    assert verify().broken_at is None
    settings.AUDIT_KEYS = ["a new key"]
    assert verify().broken_at == 1


def test_file_that_is_gone_is_a_warning(settings) -> None:
    add(1)
    delivery.sign_and_deliver()
    Path(settings.AUDIT_EXPORT).unlink()
    found = verify()
    assert found.broken_at is None
    assert any("is gone" in warning for warning in found.warnings)


# --- restored


def test_restored_backup_is_named_not_signed_and_can_be_accepted(settings) -> None:
    add(2)
    delivery.sign_and_deliver()
    add(3)
    delivery.sign_and_deliver()
    go_back_to(2)
    add(1)
    found = delivery.sign_and_deliver()
    assert "The exported head #5" in found.problem
    assert len(lines(settings)) == 2
    assert "The exported head #5" in verify().problem
    restoration.accept("restored the backup of last night")
    assert verify().broken_at is None
    entry = AuditEntry.objects.order_by("-seq")[0]
    assert (entry.action, entry.detail["lost_through"], entry.detail["lost_heads"]) == ("audit.restored", 5, 1)
    add(9)
    assert delivery.sign_and_deliver().broken_at is None
    assert [line["kind"] for line in lines(settings)] == ["head", "head", "restored", "head"]
    assert verify().broken_at is None


def test_restored_backup_that_grew_past_what_was_lost_is_named_too(settings) -> None:
    add(2)
    delivery.sign_and_deliver()
    add(1)
    delivery.sign_and_deliver()
    go_back_to(2)
    record("eve", "test.entry", "another third")
    add(4)
    assert "The exported head #3" in verify().problem
    restoration.accept("known")
    assert verify().broken_at is None


def test_nothing_is_accepted_where_nothing_is_lost() -> None:
    add(2)
    delivery.sign_and_deliver()
    with pytest.raises(NothingLost):
        restoration.accept("just in case")


def test_acceptance_is_signed(settings) -> None:
    """Whoever cuts the record and writes such a line without the key is not excused."""
    add(4)
    delivery.sign_and_deliver()
    hash = AuditEntry.objects.get(seq=2).hash
    go_back_to(2)
    at = SignedHead.objects.model(at=AuditEntry.objects.get(seq=2).at).at
    heads.append(Path(settings.AUDIT_EXPORT), [heads.line(heads.RESTORED, 2, hash, at, "0" * 64)])
    assert verify().broken_at is not None


# --- webhook


class Listener(BaseHTTPRequestHandler):
    answers: list[int] = []
    bodies: list[dict] = []

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def webhook(settings) -> Iterator[type[Listener]]:
    Listener.answers, Listener.bodies = [], []
    server = HTTPServer(("127.0.0.1", 0), Listener)
    settings.AUDIT_WEBHOOK = f"http://127.0.0.1:{server.server_port}/heads"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Listener
    server.shutdown()
    server.server_close()


def test_webhook_gets_each_head_once(webhook: type[Listener]) -> None:
    for _ in range(2):
        add(1)
        delivery.sign_and_deliver()
    delivery.sign_and_deliver()
    assert [body["seq"] for body in webhook.bodies] == [1, 2]
    assert all(signatures.holds("head", {n: b[n] for n in ("installation", "seq", "hash", "at")}, b["signature"]) for b in webhook.bodies)


def test_webhook_that_fails_is_tried_again_in_order(webhook: type[Listener]) -> None:
    webhook.answers[:] = [500]
    for _ in range(2):
        add(1)
        delivery.sign_and_deliver()
    assert [body["seq"] for body in webhook.bodies] == [1, 1, 2]
    assert not SignedHead.objects.filter(sent_at=None).exists()


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "ftp://127.0.0.1/x", "http://127.0.0.1:1/x", "http://user:pw@127.0.0.1/x"]
)
def test_webhook_that_may_not_or_cannot_be_reached_stops_nothing(settings, url: str, caplog: pytest.LogCaptureFixture) -> None:
    settings.AUDIT_WEBHOOK = url
    add(1)
    delivery.sign_and_deliver()
    assert SignedHead.objects.get().filed_at
    assert SignedHead.objects.get().sent_at is None
    assert "pw" not in caplog.text
