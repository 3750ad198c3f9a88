"""Keys of the default set-up: made at the first start, kept in the data directory with mode 0600."""

import base64
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config import env


def kept(name: str, directory: Path, fresh: str) -> str:
    """The variable `name`, else the content of its file in the data directory, which is made with `fresh` if it is not there."""
    if given := env.text(name):
        return given
    path = directory / f"{name.lower()}.key"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        _write_once(path, fresh)
    if key := path.read_text().strip():
        return key
    raise ImproperlyConfigured(f"{path} is empty. Put back the {name} that was in it; only if there never was one, remove the file.")


def _write_once(path: Path, content: str) -> None:
    # Several processes start at once: whoever links first wins, and nobody sees a half-written file.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def new_secret_key() -> str:
    return secrets.token_urlsafe(48)


def new_credential_key() -> str:
    """256 random bits, in URL-safe base64: one entry of CREDENTIAL_KEYS."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def new_installation_id() -> str:
    return secrets.token_hex(8)
