"""What the dashboard may push to a git source with. It goes in and never comes out again but on its way to git.

It is sealed for the server that it was given for: where a project's source is changed to another one, it does not open.
"""

import base64
import binascii
import re

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config import sealing
from config.errors import Conflict, Invalid, NotFound
from migrations_store import remotes
from migrations_store.errors import SourceError
from migrations_store.git_credentials import Credential
from migrations_store.models import Project, PushCredential, SourceKind

Kind = PushCredential.Kind
LONGEST = 20_000
TOKEN = re.compile(r"[!-~]{4,2000}")
USERNAME = re.compile(r"[A-Za-z0-9_][\w.@+\-]{0,99}", re.ASCII)
KEY = re.compile(r"-----BEGIN (OPENSSH|RSA|EC) PRIVATE KEY-----\n[A-Za-z0-9+/=\n:, -]+-----END \1 PRIVATE KEY-----\n")
UNENCRYPTED = b"openssh-key-v1\0\0\0\0\x04none"
USUAL = {"bitbucket.org": "x-token-auth"}


def set_credential(project: Project, *, user: User, token: str = "", key: str = "", username: str = "") -> None:
    """A token for https, a private key without passphrase for ssh; it takes the place of the one before."""
    require(user, Action.CONFIGURE, project=project)
    server = server_of(project)
    kind, text = _checked(server, token, key)
    if username and not USERNAME.fullmatch(username):
        raise Invalid("The user name has letters, digits and . _ @ + - alone.", {"username": "This is no user name."})
    fields = {"kind": kind, "username": username, "server": server, "set_by": user.username}
    with transaction.atomic():
        PushCredential.objects.update_or_create(project=project, defaults=fields | {"sealed": _seal(project, server, text)})
        record(user.username, "project.push_credential", f"project {project.slug}", kind=kind, server=server)


def forget_credential(project: Project, *, user: User) -> None:
    require(user, Action.CONFIGURE, project=project)
    with transaction.atomic():
        if PushCredential.objects.filter(project=project).delete()[0]:
            record(user.username, "project.push_credential_removed", f"project {project.slug}")


def known(project: Project, *, user: User) -> PushCredential:
    """What may be said of it. NotFound if there is none."""
    require(user, Action.CONFIGURE, project=project)
    found = kept(project)
    if found is None:
        raise NotFound(f"There are no credentials for pushing of {project}.")
    return found


def kept(project: Project) -> PushCredential | None:
    return PushCredential.objects.filter(project=project).defer("sealed").first()


def missing(project: Project) -> str:
    """Why nothing can be pushed for want of credentials, as a sentence; "" where something can. A repository on this disk needs none."""
    server = server_of(project)
    if server.startswith("file:"):
        return ""
    found = kept(project)
    if found is None:
        return "The dashboard has no credentials for this repository. An administrator adds a token or an ssh key to the project."
    if found.server != server:
        return f"The kept credentials are for {found.server}, and the source is at {server} now. An administrator gives them anew."
    return ""


def opened(project: Project) -> Credential:
    """For the call of git; none for a repository on this disk. Raises SourceError."""
    server = server_of(project)
    found = PushCredential.objects.filter(project=project).first()
    if server.startswith("file:"):
        return Credential()
    if found is None or found.server != server:
        raise SourceError(missing(project))
    try:
        secret = sealing.unseal(_bound(project, server), found.sealed)
    except sealing.Broken:
        raise SourceError("The kept credentials cannot be opened with CREDENTIAL_KEYS. An administrator gives them anew.") from None
    host = server.partition("://")[2].partition(":")[0]
    return Credential(found.kind, found.username or USUAL.get(host, "git"), secret)


def rotate_all() -> tuple[int, int, list[str]]:
    """How many were sealed anew under the newest key, how many had it already, and which could not be opened."""
    rotated, current, unreadable = 0, 0, []
    for row in PushCredential.objects.select_related("project").order_by("pk"):
        if row.sealed.startswith(sealing.newest()):
            current += 1
            continue
        try:
            fresh = _seal(row.project, row.server, sealing.unseal(_bound(row.project, row.server), row.sealed))
        except sealing.Broken:
            unreadable.append(f"push credentials of {row.project}")
            continue
        rotated += PushCredential.objects.filter(pk=row.pk, sealed=row.sealed).update(sealed=fresh)
    return rotated, current, unreadable


def server_of(project: Project) -> str:
    """scheme://host:port, in small letters. Conflict for a directory."""
    if project.source_kind != SourceKind.GIT:
        raise Conflict("The project's code is a directory, which the dashboard never writes to.")
    remote = remotes.parse(project.source_url)
    port = f":{remote.port}" if remote.port else ""
    return f"{remote.scheme}://{remote.host.lower()}{port}"


def _checked(server: str, token: str, key: str) -> tuple[str, str]:
    scheme = server.partition(":")[0]
    if scheme == "file":
        raise Conflict("A repository on this machine's disk needs no credentials.")
    if scheme == "https":
        if key or not TOKEN.fullmatch(token.strip()):
            raise Invalid("The source is reached by https: give an access token, without spaces.", {"token": "Give an access token."})
        return Kind.TOKEN, token.strip()
    text = key.replace("\r\n", "\n").strip() + "\n"
    if token or len(text) > LONGEST or not KEY.fullmatch(text):
        sentence = "The source is reached by ssh: give a private key as ssh-keygen writes it, from -----BEGIN to the end of -----END."
        raise Invalid.of("key", sentence)
    if _has_passphrase(text):
        raise Invalid("The key has a passphrase, which nobody could type here.", {"key": "Give a key without a passphrase."})
    return Kind.KEY, text


def _has_passphrase(key: str) -> bool:
    """A file of OpenSSH's own form says within which cipher it is under; an older one says it in its head."""
    if "OPENSSH" not in key:
        return "ENCRYPTED" in key
    try:
        content = base64.b64decode("".join(key.split("\n")[1:-2]))
    except binascii.Error:
        return False
    return not content.startswith(UNENCRYPTED) and content.startswith(UNENCRYPTED[:15])


def _seal(project: Project, server: str, text: str) -> str:
    try:
        return sealing.seal(_bound(project, server), text)
    except sealing.Broken as broken:
        raise Conflict(str(broken)) from None


def _bound(project: Project, server: str) -> str:
    return f"project {project.pk}|push|{server}"
