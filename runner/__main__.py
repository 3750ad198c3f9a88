"""`python /path/to/runner/__main__.py` with one JSON specification on standard input.

The package is loaded under a private name, and its directory leaves the path: a project may well have modules called `spec`,
`config` or `runner` of its own.
"""

import importlib.util
import os
import sys

NAME = "_alembic_dashboard_runner"


def load() -> None:
    here = os.path.dirname(os.path.realpath(__file__))
    if sys.path and os.path.realpath(sys.path[0]) == here:  # not so under PYTHONSAFEPATH
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(NAME, os.path.join(here, "__init__.py"), submodule_search_locations=[here])
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":  # a project's `multiprocessing` imports this file again, under another name
    load()
    importlib.import_module(NAME + ".main").main()
