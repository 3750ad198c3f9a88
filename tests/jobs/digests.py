"""Plans over copies of one project, in a process of its own with a store of its own: prints the digest of each.

`python -m tests.jobs.digests make ROOT` prepares the store in DATA_DIR; `… count N UMASK ROOT ROOT …` plans N times, each time over
the next copy.
"""

import os
import sys
from itertools import cycle, islice
from pathlib import Path


def make(root: str) -> None:
    """A project with one database that was read."""
    from django.core.management import call_command

    from accounts.models import Role, User
    from environments import services as environments
    from migrations_store import services as store

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", role=Role.ADMIN)
    ways = {"env_vars": {"B": "2", "A": "{url}"}, "x_arguments": ["tenant=ä", "region={environment}"]}
    store.create_project(user=ada, fields={"slug": "shop", "source": {"kind": "directory", "path": root}} | ways)
    environments.create_environment(user=ada, fields={"slug": "prod", "name": "prod", "protected": True})
    file = Path(os.environ["DATA_DIR"]) / "shop.db"
    file.touch()
    body = {"project": "shop", "environment": "prod", "url": f"sqlite:///{file}"}
    environments.check_database_now(environments.create_database(user=ada, fields=body))


def count(number: int, roots: list[str]) -> None:
    """Reads the copy's code and recomputes the facts of the plan that was made first; one time in 25 a new plan is made over it."""
    from accounts.models import User
    from environments.models import Database
    from jobs.models import Plan
    from jobs.plans import changed_since, make_plan
    from migrations_store.models import Project, Snapshot

    ada = User.objects.get(username="ada")
    database = Database.objects.select_related("project", "environment").get()
    digest = make_plan(database, user=ada, command="upgrade", revision="head").digest
    plans = Plan.objects.select_related("database__project", "database__environment", "snapshot")
    for turn, root in enumerate(islice(cycle(roots), number)):
        for path in Path(root).rglob("*.py"):
            path.touch()  # what was hashed before is hashed again
        if turn % 25 == 0:
            Project.objects.update(source_path=root)
            database = Database.objects.select_related("project", "environment").get()
            digest = make_plan(database, user=ada, command="upgrade", revision="head").digest
        Snapshot.objects.update(root=root)
        sys.stdout.write(f"{digest} {len(changed_since(plans.earliest('pk')))}\n")


def main() -> None:
    import django

    django.setup()
    if sys.argv[1] == "make":
        make(sys.argv[2])
        return
    os.umask(int(sys.argv[3], 8))
    count(int(sys.argv[2]), sys.argv[4:])


if __name__ == "__main__":
    main()
