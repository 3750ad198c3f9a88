"""The project as Alembic sees it: working directory, environment, configuration, application context."""

import argparse
import contextlib
import importlib
import inspect
import os
import sys
from pathlib import Path

from .errors import Stop


def enter(spec):
    """Sets the environment variables and the working directory. Alembic must have been imported before this."""
    os.environ.update(spec.get("env_vars") or {})
    try:
        os.chdir(spec["working_directory"])
    except OSError as error:
        raise Stop("project_error", "The working directory %s cannot be entered: %s." % (spec["working_directory"], error.strerror)) from None
    if spec["command"] != "preview" and spec.get("flask_app"):
        sys.path.insert(0, spec["working_directory"])


def configuration(spec):
    """Alembic's Config, with the profile's URL as sqlalchemy.url and the command line that an env.py may look at."""
    config = _config(spec)
    config.cmd_opts = command_line(spec)
    if spec.get("script_location"):
        config.set_main_option("script_location", _escaped(spec["script_location"]))
    if spec.get("version_locations"):
        config.set_main_option("version_locations", _escaped(os.pathsep.join(spec["version_locations"])))
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_path_separator", "os")
    config.set_main_option("sqlalchemy.url", _escaped(spec["url"]))
    return config


def _config(spec):
    from alembic.config import Config

    path, section = spec.get("config_file"), spec.get("section") or "alembic"
    if path is None:
        return Config(ini_section=section)
    if Path(path).suffix != ".toml":
        return Config(path, ini_section=section)
    if "toml_file" not in inspect.signature(Config.__init__).parameters:
        raise Stop("alembic", "The project's Alembic does not read pyproject.toml; that needs Alembic 1.16 or newer.")
    return Config(None, toml_file=path, ini_section=section)


def _escaped(value):
    return value.replace("%", "%%") if "%(here)s" not in value else value


def command_line(spec):
    """What `alembic -x … COMMAND REVISION` would have parsed to."""
    from alembic import command

    name = "upgrade" if spec["command"] == "preview" else spec["command"]
    return argparse.Namespace(
        config=spec.get("config_file") or "alembic.ini",
        name=spec.get("section") or "alembic",
        x=list(spec.get("x_arguments") or []) or None,
        raiseerr=False,
        quiet=False,
        cmd=(getattr(command, name), ["revision"], ["sql", "tag"]),
        revision=(spec.get("to") or ["base"])[-1],
        revisions=list(spec.get("to") or []),
        sql=spec["command"] == "preview",
        tag=None,
        autogenerate=spec["command"] == "check",
    )


def application_context(spec):
    """The Flask application's context, where the project asks for one; else one that does nothing."""
    target = spec.get("flask_app")
    if not target:
        return contextlib.nullcontext()
    module, _, name = target.partition(":")
    found = getattr(importlib.import_module(module), name.replace("()", "") or "app")
    app = found() if name.endswith("()") or not hasattr(found, "app_context") else found
    return app.app_context()
