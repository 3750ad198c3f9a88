"""Projects of Alembic's multidb template: one env.py and one history for several databases."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from accounts.models import User
from environments.models import Database
from jobs.models import Job
from jobs.proposals import services
from migrations_store.models import Project
from tests.jobs.test_proposals import made, version_of

TEMPLATE = files("alembic") / "templates" / "multidb"
INI = """\
[alembic]
script_location = %(here)s/migrations
databases = orders, stock

[orders]
sqlalchemy.url = sqlite:///{folder}/orders.db

[stock]
sqlalchemy.url = sqlite:///{folder}/stock.db
"""
MODELS = """\
import sqlalchemy as sa
target_metadata = {"orders": sa.MetaData(), "stock": sa.MetaData()}
for found in target_metadata.values():
    sa.Table("news", found, sa.Column("id", sa.Integer, primary_key=True))
"""
ONE_ONLY = """\
db_names = context.get_x_argument(as_dictionary=True)["database"]
config.set_section_option(db_names, "sqlalchemy.url", config.get_main_option("sqlalchemy.url"))
"""


@pytest.fixture
def several(project: Project, root: Path, tmp_path: Path) -> Path:
    """The template as Alembic ships it, with models of both databases and an empty history."""
    for path in (root / "migrations" / "versions").iterdir():
        path.unlink()
    text = (TEMPLATE / "env.py").read_text().replace("if config.config_file_name is not None:", "if False:")
    (root / "migrations" / "env.py").write_text(text.replace("target_metadata = {}", MODELS))
    (root / "migrations" / "script.py.mako").write_text((TEMPLATE / "script.py.mako").read_text())
    (root / "alembic.ini").write_text(INI.format(folder=tmp_path))
    return root


@pytest.mark.slow
@pytest.mark.django_db
def test_proposal_for_one_of_several_databases_says_what_it_does_not_cover(
    several: Path, project: Project, add_database: Callable[..., Database], admin: User
) -> None:
    env = several / "migrations" / "env.py"
    env.write_text(env.read_text().replace("def run_migrations_offline", f"{ONE_ONLY}\n\ndef run_migrations_offline"))
    Project.objects.filter(pk=project.pk).update(x_arguments=["database={name}"])
    version = version_of(made(services.request_proposal(add_database(name="orders"), user=admin, message="news")))
    (file,) = version.files
    assert 'op.create_table("news"' in file["python"].replace("'", '"').partition("def downgrade_orders")[0]
    assert "def upgrade_stock" in file["python"]
    assert [entry["object"] for entry in version.changes] == ["news"]
    assert "only orders was compared. What it does in stock is empty" in version.red_flags[0]
    assert "CREATE TABLE news" in file["sql"]["sqlite"]["upgrade"]["sql"]


@pytest.mark.slow
@pytest.mark.django_db
def test_env_that_opens_every_database_is_stopped_before_the_second(
    several: Path, add_database: Callable[..., Database], admin: User, tmp_path: Path, run: Callable[..., Job]
) -> None:
    """The profile names one; what leads elsewhere is refused, in words, and nothing is made there."""
    orders = add_database(name="orders", url=f"sqlite:///{tmp_path}/orders.db", create_if_missing=True)
    proposal = made(services.request_proposal(orders, user=admin, message="news", scratch=True))
    assert proposal.error is not None
    assert "another database" in proposal.error["why"]
    assert not (tmp_path / "stock.db").exists() or (tmp_path / "stock.db").stat().st_size == 0
