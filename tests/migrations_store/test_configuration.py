"""What is said of a configuration that leads nowhere."""

from pathlib import Path

import pytest

from migrations_store.configuration import read_configuration
from migrations_store.errors import ConfigurationError
from tests.migrations_store.histories import project_at


def test_a_location_that_counts_from_elsewhere_says_from_where(tmp_path: Path) -> None:
    """As in a package whose source is registered below the folder in which its authors start Alembic."""
    root = tmp_path / "shop" / "store" / "migrations"
    root.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = shop/store/migrations\n")
    with pytest.raises(ConfigurationError, match=r"which is no folder.* the folder in which it is started: register that folder"):
        read_configuration(project_at(root), root)
    whole = project_at(tmp_path, config_path="shop/store/migrations/alembic.ini")
    assert read_configuration(whole, tmp_path).script_location == root
