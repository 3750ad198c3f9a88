"""The evidence of a job holds all that is known of it, is the same each time, and proves itself without the dashboard."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from audit import delivery
from audit.services import record
from jobs import evidence
from jobs.models import Approval, Job


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path: Path) -> None:
    settings.AUDIT_EXPORT = str(tmp_path / "outside" / "heads.jsonl")


@pytest.fixture
def job(database, run, admin) -> Job:
    done = run(database, "upgrade", "two", reason="Ticket 4711")
    Approval.objects.create(job=done, user=admin, decision="approve", comment="reads well", plan_digest=done.plan.digest)
    delivery.sign_and_deliver()
    return done


def unpacked(job: Job, place: Path) -> Path:
    with evidence.bundle(job) as file, zipfile.ZipFile(file) as archive:
        archive.extractall(place)
    return place


def verified(place: Path, *arguments: str) -> subprocess.CompletedProcess:
    """By an interpreter that has nothing of ours."""
    command = [sys.executable, "-I", str(place / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_bundle_tells_all_of_the_job(job: Job, tmp_path: Path) -> None:
    place = unpacked(job, tmp_path / "bundle")
    told = json.loads((place / "job.json").read_text())
    assert (told["status"], told["reason"], told["requested_by"]) == ("succeeded", "Ticket 4711", "ada")
    assert [step["revision"] for step in told["steps"]] == ["one", "two"]
    plan = json.loads((place / "plan.json").read_text())
    assert (plan["digest"], plan["facts"]) == (job.plan.digest, job.plan.facts)
    assert sorted(path.name for path in (place / "sql").iterdir()) == ["001-one.sql", "002-two.sql"]
    assert [one["comment"] for one in json.loads((place / "approvals.json").read_text())] == ["reads well"]
    assert json.loads((place / "heads.json").read_text()) == {"before": [], "planned": ["two"], "after": ["two"]}
    assert "Step 2 of 2: two" in (place / "log.txt").read_text()
    actions = [json.loads(line)["action"] for line in (place / "entries.jsonl").read_text().splitlines()]
    assert [action for action in actions if action.startswith("job.")] == ["job.request", "job.start", "job.finish"]


def test_bundle_is_the_same_each_time(job: Job) -> None:
    with evidence.bundle(job) as first:
        before = first.read()
    record("ada", "test.entry", "something else")
    delivery.sign_and_deliver()
    with evidence.bundle(job) as second:
        assert second.read() == before


def test_bundle_proves_itself_with_and_without_the_key(job: Job, tmp_path: Path, settings) -> None:
    place = unpacked(job, tmp_path / "bundle")
    key = tmp_path / "key"
    key.write_text(settings.AUDIT_KEYS[0])
    for arguments in ((), ("--key", str(key))):
        done = verified(place, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "files are as the manifest says" in done.stdout
    key.write_text("another key")
    assert verified(place, "--key", str(key)).returncode == 1


FILES = ["job.json", "plan.json", "sql/001-one.sql", "approvals.json", "heads.json", "log.txt", "entries.jsonl", "heads.jsonl"]


def test_changed_file_is_named(job: Job, tmp_path: Path) -> None:
    place = unpacked(job, tmp_path / "bundle")
    for path in (place / name for name in FILES):
        was = path.read_bytes()
        path.write_bytes(was.replace(b"e", b"E", 1))
        done = verified(place)
        path.write_bytes(was)
        assert (done.returncode, f"{path.relative_to(place)} was changed" in done.stdout) == (1, True)
    assert verified(place).returncode == 0


def test_manifest_made_to_fit_is_found_by_its_signature(job: Job, tmp_path: Path, settings) -> None:
    import hashlib

    place = unpacked(job, tmp_path / "bundle")
    (place / "log.txt").write_text("nothing happened\n")
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"]["log.txt"] = hashlib.sha256((place / "log.txt").read_bytes()).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "key").write_text(settings.AUDIT_KEYS[0])
    assert verified(place).returncode == 0
    assert verified(place, "--key", str(tmp_path / "key")).returncode == 1


def test_page_and_api_give_the_same_file(client, job: Job, admin) -> None:
    from tests.api.conftest import Api, token_of

    client.force_login(admin)
    page = b"".join(client.get(f"/jobs/{job.pk}/evidence.zip").streaming_content)
    answer = b"".join(Api(token_of(admin)).call("GET", f"/jobs/{job.pk}/evidence").streaming_content)
    assert page == answer
    assert f'href="/jobs/{job.pk}/evidence.zip"' in client.get(f"/jobs/{job.pk}/").content.decode()
