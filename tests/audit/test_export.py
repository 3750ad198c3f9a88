"""Exports: what a spreadsheet must not calculate, every hash, and a checker that needs nothing of ours. Commands and their exit codes."""

import csv
import io
import json
import subprocess
import sys
import unicodedata
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit import delivery, export, protection, retention
from audit.models import AuditEntry, SignedHead
from audit.queries import Filters, verify
from audit.services import record

pytestmark = pytest.mark.django_db
ODD = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "%0A=1", "|calc"]


@pytest.fixture
def chain() -> None:
    for number in range(8):
        record(
            ("ada", "bob")[number % 2],
            "test.entry",
            f"thing {number}",
            reason="für später 🐘\u202e",
            nested={"b": [1, None, True], "a": "x"},
        )
        if number == 4:
            delivery.sign_and_deliver()
    delivery.sign_and_deliver()


def unpacked(place: Path, filters: Filters | None = None) -> Path:
    data = b"".join(export.stream("zip", filters or Filters()))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(place)
    return place


def checked(place: Path, *arguments: str, path: str = "verify.py") -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-I", str(place / path), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def key(tmp_path: Path, settings) -> str:
    (tmp_path / "key").write_text(",".join(settings.AUDIT_KEYS) + "\n")
    return str(tmp_path / "key")


@pytest.mark.parametrize("text", ODD)
def test_csv_holds_nothing_that_a_spreadsheet_calculates(text: str) -> None:
    record(text, "test.entry", text)
    (row,) = csv.DictReader(io.StringIO("".join(export.stream("csv", Filters()))))
    for name in ("actor", "object"):
        assert row[name].startswith("'")
        assert row[name].endswith(text.replace("\r", "\r"))


def test_csv_leaves_ordinary_texts_alone(chain: None) -> None:
    rows = list(csv.DictReader(io.StringIO("".join(export.stream("csv", Filters())))))
    assert [row["seq"] for row in rows] == [str(seq) for seq in range(1, 9)]
    assert rows[0]["actor"] == "ada"
    assert json.loads(rows[0]["detail"])["reason"].startswith("für später")
    assert datetime.fromisoformat(rows[0]["at"]).tzinfo == UTC


def test_whole_export_proves_the_chain_offline(chain: None, tmp_path: Path, key: str) -> None:
    place = unpacked(tmp_path / "out")
    assert "proves" not in checked(place).stdout
    done = checked(place, "--key", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == "Holds: 8 entries have their hashes; the chain between them is whole; 2 signed heads agree; signatures were checked.\n"
    )


def test_filtered_export_says_what_it_does_not_prove(chain: None, tmp_path: Path) -> None:
    place = unpacked(tmp_path / "out", Filters(actor="bob"))
    done = checked(place)
    assert done.returncode == 0
    assert "each entry proves only itself" in done.stdout
    assert "cannot be\nknown" in (place / "README.txt").read_text() or "cannot be known" in (place / "README.txt").read_text()


CUTS = {
    "a word": lambda lines: [lines[0].replace("ada", "eve"), *lines[1:]],
    "a line in the middle": lambda lines: lines[:3] + lines[4:],
    "the last line": lambda lines: lines[:-1],
    "two lines swapped": lambda lines: [lines[1], lines[0], *lines[2:]],
    "a line twice": lambda lines: [lines[0], *lines],
}


@pytest.mark.parametrize("cut", CUTS)
def test_changed_export_is_found_offline(chain: None, tmp_path: Path, cut: str) -> None:
    place = unpacked(tmp_path / "out")
    file = place / "entries.jsonl"
    file.write_text("".join(CUTS[cut](file.read_text().splitlines(keepends=True))))
    done = checked(place)
    assert (done.returncode, done.stdout.startswith("BROKEN")) == (1, True)


def test_export_chained_anew_is_found_by_the_signed_heads(chain: None, tmp_path: Path, key: str) -> None:
    sys.path.insert(0, str(export.SCRIPT.parent))
    import verify as script

    sys.path.pop(0)
    place = unpacked(tmp_path / "out")
    previous, lines = "0" * 64, []
    for line in (place / "entries.jsonl").read_text().splitlines():
        entry = json.loads(line) | {"actor": "eve", "previous_hash": previous}
        entry["hash"] = previous = script.hash_of(entry)
        lines.append(json.dumps(entry))
    (place / "entries.jsonl").write_text("\n".join(lines) + "\n")
    assert "another hash than the entry" in checked(place).stdout
    heads = [json.loads(line) | {"hash": json.loads(lines[json.loads(line)["seq"] - 1])["hash"]} for line in (place / "heads.jsonl").open()]
    (place / "heads.jsonl").write_text("".join(json.dumps(head) + "\n" for head in heads))
    assert checked(place).returncode == 0, "without the key anybody can make heads"
    assert checked(place, "--key", key).returncode == 1


def test_export_after_pruning_begins_at_the_signed_anchor(chain: None, tmp_path: Path, key: str) -> None:
    retention.prune(AuditEntry.objects.get(seq=4).at, actor="command")
    place = unpacked(tmp_path / "out")
    assert "the chain between them is whole" in checked(place, "--key", key).stdout
    about = json.loads((place / "about.json").read_text())
    about["begins_after"]["seq"] += 1
    (place / "about.json").write_text(json.dumps(about))
    assert checked(place, "--key", key).returncode == 1


def test_checker_says_when_there_is_nothing_to_check(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(export.SCRIPT.read_bytes())
    assert checked(tmp_path).returncode == 2


def test_texts_are_kept_in_one_form() -> None:
    """Two ways of writing the same letter, floats, times and sets have one canonical form, before and after the store."""
    record(
        "ada",
        "test.entry",
        unicodedata.normalize("NFD", "für"),
        ratio=0.1,
        at=datetime(2026, 1, 2, tzinfo=UTC),
        names={"b", "a"},
        nul="a\0b",
    )
    entry = AuditEntry.objects.get()
    assert entry.object == unicodedata.normalize("NFC", "für")
    assert entry.detail == {"ratio": "0.1", "at": "2026-01-02T00:00:00.000000+00:00", "names": ["a", "b"], "nul": "a\\0b"}
    assert verify().broken_at is None


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError):
        record("ada", "test.entry", "x", thing=object())
    assert not AuditEntry.objects.exists()


# --- commands


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("audit", *arguments, stdout=out)
    return out.getvalue()


def test_command_verifies_and_ends_with_one_where_it_does_not_hold(chain: None) -> None:
    assert "Holds through entry 8" in said("verify")
    with protection.removed():
        AuditEntry.objects.filter(seq=3).update(actor="eve")
    with pytest.raises(SystemExit) as ended:
        said("verify")
    assert ended.value.code == 1
    with pytest.raises(CommandError):
        said("prune", "--before", "2999-01-01")


def test_command_signs(chain: None) -> None:
    record("ada", "test.entry", "one more")
    assert "Signed through entry 9" in said("sign")
    assert SignedHead.objects.filter(pk=9).exists()


def test_command_exports_and_prunes(chain: None, tmp_path: Path) -> None:
    said("export", "--format", "jsonl", "--output", str(tmp_path / "all.jsonl"))
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == 8
    moment = AuditEntry.objects.get(seq=5).at
    assert "4 entries, through 4" in said("prune", "--before", moment.isoformat())
    with pytest.raises(CommandError):
        said("prune", "--before", "2000-01-01")


def test_command_brings_the_triggers_back() -> None:
    protection.remove()
    said("protect")
    assert protection.missing() == []


def test_archive_is_an_export_that_the_checker_takes(chain: None, tmp_path: Path) -> None:
    done = retention.prune(timezone.now(), actor="command")
    (tmp_path / "verify.py").write_bytes(export.SCRIPT.read_bytes())
    assert "7 entries have their hashes; the chain between them is whole" in checked(tmp_path, str(done.archive)).stdout
