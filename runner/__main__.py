"""`python /path/to/runner/__main__.py` with one JSON specification on standard input.

The package is loaded under a private name, and its directory leaves the path: a project may well have modules called `spec`,
`config` or `runner` of its own.
"""

import importlib.util
import sys
from pathlib import Path

NAME = "_alembic_dashboard_runner"


def load() -> None:
    here = Path(__file__).resolve().parent
    if sys.path and Path(sys.path[0]).resolve() == here:  # not so under PYTHONSAFEPATH
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(NAME, here / "__init__.py", submodule_search_locations=[str(here)])
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":  # a project's `multiprocessing` imports this file again, under another name
    load()
    importlib.import_module(NAME + ".main").main()
