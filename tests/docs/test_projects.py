"""docs/projects.md: what an env.py from Alembic's own templates needs, tried on them."""

import re
from pathlib import Path

import alembic
import pytest

from tests.runner.projects import INI, World

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(alembic.__file__).parent / "templates"
TOLD = re.search(r"```python\n(.*?)```", (ROOT / "docs/projects.md").read_text(), re.DOTALL)
REVISION = """
revision, down_revision = "one", None
from alembic import op
import sqlalchemy as sa
def upgrade(engine_name): op.create_table(engine_name, sa.Column("id", sa.Integer))
def downgrade(engine_name): op.drop_table(engine_name)
"""

pytestmark = pytest.mark.slow


def test_multidb_migrates_the_database_that_is_named(tmp_path: Path) -> None:
    assert TOLD
    world = World(tmp_path / "shop", ["one"])
    sections = [f"[{name}]\nsqlalchemy.url = driver://user:pass@host/name\n" for name in ("engine1", "engine2")]
    world.write("alembic.ini", INI + "databases = engine1, engine2\n" + "".join(sections))
    before, line, after = (TEMPLATES / "multidb/env.py").read_text().partition('db_names = config.get_main_option("databases", "")\n')
    assert line
    logging = "if config.config_file_name is not None:\n    fileConfig(config.config_file_name)\n"
    world.write("migrations/env.py", before.replace(logging, "") + line + TOLD[1] + after)
    world.write("migrations/versions/one.py", REVISION)
    seen = world.run(x_arguments=["database=engine2"])
    assert seen.exit.closed, seen.text
    assert world.tables == ["engine2"]
