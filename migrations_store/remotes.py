"""Git addresses: which are taken, and to which server they lead.

The server is looked at before git starts, and git is told its address, so that the name cannot lead elsewhere by then.
"""

import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from config import networks
from config.networks import HostRefused
from migrations_store.errors import SourceError

SCP_LIKE = re.compile(r"(?:([A-Za-z0-9_][\w.\-]*)@)?([A-Za-z0-9][\w.\-]*):(?!//)(.+)", re.ASCII)
HOST = re.compile(r"[A-Za-z0-9][\w.\-]*|\[[0-9a-fA-F:]+\]", re.ASCII)
USER = re.compile(r"[A-Za-z0-9_][\w.\-]*", re.ASCII)
REF = re.compile(r"\w[\w./+\-#@=,%!&()]*")
NOT_IN_A_REF = re.compile(r"\.\.|//|/\.|@\{|(\.lock|/|\.)$|\.lock/")
LONGEST_URL = 1000
LONGEST_REF = 255
SSH = ("ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=10")
LOOK_UP_TIMEOUT = 10.0


@dataclass(frozen=True)
class Remote:
    """`scheme` is https, ssh or file; a file has no host."""

    url: str
    scheme: str
    host: str = ""
    port: int | None = None
    user: str = ""


@dataclass(frozen=True)
class Route:
    """How git gets to the server that was looked at: its options, and the command by which it calls ssh."""

    options: tuple[str, ...] = ()
    ssh: str = shlex.join(SSH)


def check_url(url: str) -> str:
    """https, ssh, and files where the installation allows them. Everything else could run a command or read a file."""
    return parse(url).url


def parse(url: str) -> Remote:
    """The same, taken apart. SourceError says what is wrong; nothing is asked, so a name may still lead where it must not."""
    if not url or len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or url.startswith("-"):
        raise SourceError("The git address has to be one line of ASCII without spaces, such as https://git.example.org/shop.git.")
    remote = _scp_like(url) or _url(url)
    address = networks.literal(remote.host) if remote.host else None
    if address is not None and (reason := networks.refusal(address)):
        raise SourceError(f"The host of the git address is {reason}.")
    return remote


def check_ref(ref: str) -> str:
    """A branch, a tag or a commit; no expression, no option."""
    if len(ref) > LONGEST_REF or not REF.fullmatch(ref) or NOT_IN_A_REF.search(ref):
        raise SourceError(f"{ref[:60]!r} is not a branch, a tag or a commit.")
    return ref


def _scp_like(url: str) -> Remote | None:
    found = SCP_LIKE.fullmatch(url)
    if found is None or "::" in url:
        return None
    user, host, path = found.groups()
    if path.startswith("-"):
        raise SourceError("The path in the git address must not begin with a hyphen.")
    return Remote(url, "ssh", host, None, user or "")


def _url(url: str) -> Remote:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise SourceError("The git address is not a valid URL.") from None
    scheme = parts.scheme.lower()
    if scheme == "file" and settings.GIT_ALLOW_FILE and not parts.netloc:
        return Remote(url, "file")
    if scheme not in ("https", "ssh"):
        raise SourceError(
            "The git address has to begin with https:// or ssh://, or be like git@host:path. Other protocols are not allowed."
        )
    written = f"[{host}]" if ":" in host else host
    if not HOST.fullmatch(written) or port == 0 or (parts.username and not USER.fullmatch(parts.username)):
        raise SourceError("The git address names no valid host.")
    if parts.password or (scheme == "https" and parts.username):
        raise SourceError(
            "The git address must hold no password or token. Use an ssh key, or the .netrc file of the account that runs the dashboard."
        )
    if parts.query or parts.fragment or parts.path.startswith("/-"):
        raise SourceError("The git address has to end with the path of a repository, such as /team/shop.git.")
    return Remote(url, scheme, host, port, parts.username or "")


# --- the way to the server


def route(remote: Remote) -> Route:
    """Looks the server up, and refuses it as a database's host would be. SourceError says why."""
    try:
        if remote.scheme == "https":
            return Route(_https(remote))
        return Route(ssh=shlex.join((*SSH, *_ssh(remote)))) if remote.scheme == "ssh" else Route()
    except HostRefused as refused:
        raise SourceError(str(refused)) from None


def _https(remote: Remote) -> tuple[str, ...]:
    """An address needs no look-up, and with a proxy it is the proxy that looks up."""
    try:
        found = networks.look_up(remote.host, LOOK_UP_TIMEOUT)
    except HostRefused as refused:
        if refused.code == "dns_failed" and "HTTPS_PROXY" in os.environ and not settings.ALLOWED_NETWORKS:
            return ()
        raise
    if networks.literal(remote.host) is not None:
        return ()
    addresses = ",".join(f"[{one}]" if ":" in one else one for one in found)
    return ("-c", f"http.curloptResolve={remote.host}:{remote.port or 443}:{addresses}")


def _ssh(remote: Remote) -> tuple[str, ...]:
    """The account's own ssh configuration may name another host or a proxy, so ssh is asked what it makes of the name.

    It connects to nothing for that. The key that is expected stays that of the name.
    """
    _refuse_forbidden(remote.host)
    facts = _ssh_facts(remote)
    if facts.keys() & {"proxyjump", "proxycommand"} and not settings.ALLOWED_NETWORKS:
        return ()
    name, port = facts.get("hostname", remote.host), facts.get("port", "22")
    address = networks.look_up(name, LOOK_UP_TIMEOUT)[0]
    alias = facts.get("hostkeyalias") or (name if port == "22" else f"[{name}]:{port}")
    return ("-o", f"HostName={address}", "-o", f"HostKeyAlias={alias}")


def _ssh_facts(remote: Remote) -> dict[str, str]:
    port = ("-p", str(remote.port)) if remote.port else ()
    place = f"{remote.user}@{remote.host}" if remote.user else remote.host
    try:
        done = subprocess.run(["ssh", "-G", *port, "--", place], capture_output=True, text=True, timeout=LOOK_UP_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    return {name: value for name, _, value in (line.partition(" ") for line in done.stdout.splitlines()) if value != "none"}


def _refuse_forbidden(host: str) -> None:
    """A name that is not known is left to ssh, whose configuration may know it."""
    try:
        networks.look_up(host, LOOK_UP_TIMEOUT)
    except HostRefused as refused:
        if refused.code == "address_refused":
            raise
