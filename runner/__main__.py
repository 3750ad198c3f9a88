"""`python runner/__main__.py < spec.json`: loads this package under a private name and runs it.

Neither this directory nor the one above it may be on the module path: a project may well have its own `events` or `jobs`.
"""

import importlib.util
import sys
from pathlib import Path

NAME = "_alembic_dashboard_runner"


def load():
    """The package, importable as NAME and by no other name."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    spec = importlib.util.spec_from_file_location(NAME, str(here / "__init__.py"), submodule_search_locations=[str(here)])
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)
    return importlib.import_module(NAME + ".main")


if __name__ == "__main__":
    import importlib

    load().main()
