"""What can be refused where the record is concerned."""

from config.errors import Conflict, Refused


class NotRecorded(Refused):
    """The entry could not be written, so what it would have told of has not happened either."""

    status = 503
    code = "not_recorded"
    title = "The record takes no entry"


class ChainBroken(Conflict):
    """The chain does not hold, so nothing may be taken away from it or signed."""

    code = "chain_broken"
    title = "The record does not hold"


class NothingToPrune(Conflict):
    code = "nothing_to_prune"
    title = "There is nothing to take out"


class NothingLost(Conflict):
    code = "nothing_lost"
    title = "Nothing is missing"
