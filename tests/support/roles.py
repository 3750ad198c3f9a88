"""Which roles something needs, told apart from the code: the access tests hold pages and API against these, and docs/permissions.md too."""

from accounts.models import Role

ANYONE = frozenset(Role)
VIEWER = ANYONE - {Role.NONE}
CHECKER = frozenset({Role.REVIEWER, Role.OPERATOR, Role.LEAD, Role.ADMIN})
REVIEWER = frozenset({Role.REVIEWER, Role.LEAD, Role.ADMIN})
OPERATOR = frozenset({Role.OPERATOR, Role.LEAD, Role.ADMIN})
LEAD = frozenset({Role.LEAD, Role.ADMIN})
AUDITOR = frozenset({Role.AUDITOR, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
