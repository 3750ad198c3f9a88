"""What is known of a session that waits and of those that keep it waiting."""

from dataclasses import dataclass, field

SESSIONS = 5
OUR_LOCK = "the lock that each migration of this database takes"


@dataclass(frozen=True)
class Holder:
    """A session that holds what is waited for. What the reader may not see is empty."""

    pid: int | None = None
    application: str = ""
    user: str = ""
    host: str = ""
    state: str = ""
    state_s: float | None = None
    transaction_s: float | None = None
    query: str = ""
    waits: bool = False


@dataclass(frozen=True)
class Blockade:
    """`wants` says which lock is waited for, `waited_s` since when. Without `certain` the holders are those that may be
    it; `ours` is our own lock, for which one migration of a database waits until another has ended."""

    wants: str
    holders: list[Holder] = field(default_factory=list)
    waited_s: float | None = None
    behind: int = 0
    longest_s: float | None = None
    certain: bool = True
    ours: bool = False
    noun: str = "session"


@dataclass(frozen=True)
class Waiter:
    """Whom to ask for: the session's name, the key of our lock and whether it is waiting for that, and the processes that are ours."""

    session: str
    lock_key: int
    for_our_lock: bool = False
    processes: frozenset[int] = frozenset()
