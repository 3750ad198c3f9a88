"""The project's side: its directory, its configuration, its application."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import os
import sys
from argparse import Namespace
from pathlib import Path

from .failures import Failure


def load_alembic() -> dict:
    """Before the project's directory is on the path: a folder called `alembic` there would hide the package."""
    try:
        import alembic
        import alembic.autogenerate
        import alembic.command
        import alembic.config
        import alembic.runtime.environment
        import alembic.runtime.migration
        import alembic.script
        import sqlalchemy
        import sqlalchemy.engine
    except ImportError as error:
        text = "The project's Python ({}) cannot import Alembic: {}. Install Alembic there, or name another Python for the project."
        raise Failure("missing_module", text.format(sys.executable, error)) from None
    return {"alembic": alembic.__version__, "sqlalchemy": sqlalchemy.__version__}


def enter(spec) -> None:
    """Directory, path, environment and arguments, as if a person had started Alembic there."""
    try:
        os.chdir(spec.working_directory)
    except OSError as error:
        raise Failure("project_error", "The working directory cannot be entered: {}.".format(error)) from None
    os.environ.update({name: str(value) for name, value in spec.env_vars.items()})
    # Python has read its own PYTHONPATH long ago.
    named = filter(None, str(spec.env_vars.get("PYTHONPATH", "")).split(os.pathsep))
    sys.path[:0] = [str(Path.cwd() / place) for place in ("", *named)]
    os.environ["PGAPPNAME"] = spec.application_name  # libpq's: also of psql, of raw connections, and what RESET ALL goes back to
    sys.argv = ["alembic", command_name(spec), *_words(spec)]


def _words(spec) -> list:
    if spec.command in ("propose", "revise"):
        return [*(["--autogenerate"] if spec.command == "propose" else []), "-m", spec.proposal.get("message") or ""]
    return [] if spec.command == "check" else [target(spec)]


def command_name(spec) -> str:
    return {"preview": spec.preview_direction, "propose": "revision", "revise": "revision"}.get(spec.command, spec.command)


def target(spec) -> str:
    """The target in the words a person would have used."""
    return spec.to_heads[0] if len(spec.to_heads) == 1 else "heads" if spec.to_heads else "base"


def configuration(spec, output=None):
    """Alembic's Config, with the profile's URL and the project's overrides in it."""
    from alembic.config import Config

    ini, toml = _files(spec.config_file)
    options = {"toml_file": toml} if toml else {}
    config = Config(file_=ini, ini_section=spec.section, output_buffer=output, cmd_opts=_arguments(spec), **options)
    config.set_main_option("sqlalchemy.url", spec.url.replace("%", "%%"))
    if spec.script_location:
        config.set_main_option("script_location", _escaped(spec.script_location))
    if spec.version_locations:
        _set_version_locations(config, spec.version_locations)
    return config


def _files(path) -> tuple:
    """The .ini file and the pyproject.toml that Alembic would read together, each or None."""
    from alembic.config import Config

    if path is None:
        return None, None
    named, reads_toml = Path(path), "toml_file" in inspect.signature(Config.__init__).parameters
    if named.name != "pyproject.toml":
        beside = named.with_name("pyproject.toml")
        return path, (str(beside) if reads_toml and beside.is_file() else None)
    if not reads_toml:
        import alembic

        text = "Alembic {} cannot read pyproject.toml; version 1.16 and later can. Name an .ini file, or update Alembic in the project."
        raise Failure("alembic", text.format(alembic.__version__))
    beside = named.with_name("alembic.ini")
    return (str(beside) if beside.is_file() else None), path


def _arguments(spec) -> Namespace:
    """What env.py files look for in `config.cmd_opts`."""
    from alembic import command

    name = command_name(spec)
    return Namespace(
        cmd=(getattr(command, name), [], []),
        config=[spec.config_file] if spec.config_file else None,
        name=spec.section,
        x=list(spec.x_arguments) or None,
        raiseerr=True,
        quiet=False,
        sql=spec.command == "preview",
        tag=None,
        revision=target(spec),
        revisions=list(spec.to_heads) or ["base"],
        purge=spec.purge,
        autogenerate=spec.command in ("check", "propose"),
        message=spec.proposal.get("message"),
        rev_id=spec.proposal.get("revision_id") or None,
    )


def _escaped(path: str) -> str:
    return path if path.startswith("%(here)s") else path.replace("%", "%%")


def _set_version_locations(config, locations) -> None:
    separators = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
    separator = separators.get(str(config.get_main_option("path_separator", "")).strip())
    if separator is None:
        config.set_main_option("version_path_separator", "os")
        separator = os.pathsep
    config.set_main_option("version_locations", separator.join(_escaped(location) for location in locations))


@contextlib.contextmanager
def application(spec, config):
    """The Flask application's context, if the project has one; Flask-Migrate's directory then stands in for script_location."""
    if not spec.flask_app:
        yield
        return
    app = _flask_app(spec.flask_app)
    with app.app_context():
        migrate = app.extensions.get("migrate")
        directory = getattr(migrate, "directory", None)
        if directory and not config.get_main_option("script_location"):
            config.set_main_option("script_location", _escaped(str(directory)))
        if hasattr(migrate, "migrate"):
            migrate.migrate.call_configure_callbacks(config)
        yield


def _flask_app(path: str):
    module, _, name = path.partition(":")
    found = importlib.import_module(module)
    called = name.endswith("()")
    for part in (name[:-2] if called else name or "app").split("."):
        if not hasattr(found, part):
            raise Failure("project_error", "The Flask application {!r} was not found: {} has no {!r}.".format(path, module, part))
        found = getattr(found, part)
    return found() if called or not hasattr(found, "app_context") else found
