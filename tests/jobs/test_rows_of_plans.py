"""How many rows a plan's losses concern, counted with its preview."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from accounts.models import User
from environments.models import Database
from jobs import confirmation, previews
from jobs.models import Job
from jobs.plans import make_plan
from tests.jobs.conftest import write_revision


@pytest.mark.slow
@pytest.mark.django_db
def test_losses_of_a_plan_say_how_many_rows(database: Database, admin: User, root: Path, run: Callable[..., Job]) -> None:
    run(database, "upgrade")
    with closing(sqlite3.connect(database.database)) as connection:
        connection.execute("INSERT INTO t_one VALUES (1), (2)")
        connection.execute("INSERT INTO t_two VALUES (1)")
        connection.commit()
    write_revision(root, "four", "three", 'op.drop_table("t_one"); op.drop_column("t_two", "name"); op.drop_table("t_none")')
    database.refresh_from_db()
    plan = make_plan(database, user=admin, command="upgrade", revision="head")
    assert [loss.rows for loss in confirmation.losses(plan)] == ["", "", ""], "nothing is asked in a request"
    previews.write_preview(plan.pk)
    plan.refresh_from_db()
    assert [(loss.object, loss.rows) for loss in confirmation.losses(plan)] == [
        ("t_one", "2 rows"), ("t_two.name", "1 row"), ("t_none", ""),
    ]  # fmt: skip
