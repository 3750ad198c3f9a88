"""The rotation of keys, killed at one row after the other: every password stays readable, and the next call goes on."""

import base64
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = 8
OLD, NEW = (base64.urlsafe_b64encode(os.urandom(32)).decode() for _ in range(2))
BEGIN = "from crash import launcher; import django; django.setup(); launcher.prepare(''); from django.core.management import call_command; "
FILL = """
call_command("migrate", verbosity=0)
from environments.models import Database, Environment
from environments import secrets
from migrations_store.models import Project
project, place = Project.objects.create(slug="p"), Environment.objects.create(slug="e", name="e")
for number in range({rows}):
    row = Database(project=project, environment=place, name=f"d{{number}}", driver="postgresql")
    row.secret = secrets.encrypt(row.pk, f"password {{number}}")
    row.save()
"""
READ = """
from environments.models import Database
from environments import secrets
print(sorted(secrets.decrypt(row) for row in Database.objects.all()))
print(len({row.secret.split(":")[1] for row in Database.objects.all()}))
"""


@pytest.fixture
def python(tmp_path: Path):
    """Runs code with the harness's hands in it, in a process of its own."""
    (tmp_path / "armed").mkdir()
    variables = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CREDENTIAL_KEYS")}
    variables |= {"DATA_DIR": str(tmp_path), "CRASH_DIR": str(tmp_path)}

    def run(code: str, keys: str) -> subprocess.CompletedProcess[str]:
        environment = variables | {"CREDENTIAL_KEYS": keys}
        return subprocess.run([sys.executable, "-c", BEGIN + code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.slow
def test_rotation_goes_on_after_each_kill(python, tmp_path: Path) -> None:
    assert python(FILL.format(rows=ROWS), OLD).returncode == 0
    both = f"{NEW},{OLD}"
    expected = str([f"password {number}" for number in range(ROWS)])
    for point in ("rotation-before-row", "rotation-after-row", "rotation-after-row", "rotation-before-row"):
        (tmp_path / "armed" / point).touch()
        assert python("call_command('rotate_credentials')", both).returncode == -signal.SIGKILL
    assert python(READ, both).stdout.splitlines() == [expected, "2"]
    assert python("call_command('rotate_credentials')", both).stdout.startswith(f"{ROWS - 2} encrypted anew, 2 already")
    assert python(READ, NEW).stdout.splitlines() == [expected, "1"]
