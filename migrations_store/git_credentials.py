"""A token or a key on its way to git: in a file that is only memory, handed over as an open descriptor.

So it is in no argument, in no variable, and on no disk; what can be listed of the process is the descriptor's number.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from migrations_store.git import Given
from migrations_store.models import PushCredential
from migrations_store.remotes import Route

HELPER = '!helper() {{ test "$1" = get && cat /proc/self/fd/{}; }}; helper'
# Of the process that calls ssh, which is git: ssh itself closes what it was handed.
IDENTITY = '-o IdentitiesOnly=yes -o IdentityAgent=none -i "/proc/$PPID/fd/{}"'


@dataclass(frozen=True)
class Credential:
    """`kind` is that of PushCredential, "" for none."""

    kind: str = ""
    username: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Way:
    """A route with what git needs to be let in."""

    options: tuple[str, ...]
    ssh: str
    given: Given
    secret: str = field(default="", repr=False)


@contextmanager
def handed_over(credential: Credential, way: Route) -> Iterator[Way]:
    """For as long as git runs."""
    if not credential.kind:
        yield Way(way.options, way.ssh, Given())
        return
    is_token = credential.kind == PushCredential.Kind.TOKEN
    text = f"username={credential.username}\npassword={credential.secret}\n" if is_token else credential.secret
    descriptor = os.memfd_create("credential")
    try:
        os.fchmod(descriptor, 0o600)  # ssh takes no key that others might read
        os.write(descriptor, text.encode())
        given = Given(descriptors=(descriptor,))
        if is_token:
            options = ("-c", "credential.helper=", "-c", f"credential.helper={HELPER.format(descriptor)}")
            yield Way((*way.options, *options), way.ssh, given, credential.secret)
        else:
            yield Way(way.options, f"{way.ssh} {IDENTITY.format(descriptor)}", given, credential.secret)
    finally:
        os.close(descriptor)
