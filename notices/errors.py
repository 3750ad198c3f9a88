"""What can be refused or fail where notices are concerned."""

from config.errors import Conflict, Refused


class NameTaken(Conflict):
    code = "name_taken"
    title = "This name is taken"


class NotDelivered(Refused):
    """A try that failed; the sentence is kept in the delivery log, and holds no secret."""

    status = 502
    code = "not_delivered"
    title = "It was not delivered"
