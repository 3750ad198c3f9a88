"""Who may do something on a database: what the user's roles allow for its project in its environment."""

from accounts.models import User
from accounts.permissions import Action, may, require
from environments.models import Database


def may_on(user: User, action: Action, database: Database) -> bool:
    return may(user, action, project=database.project, environment=database.environment)


def require_on(user: User, action: Action, database: Database) -> None:
    """Raises Forbidden, naming the role that is needed."""
    require(user, action, project=database.project, environment=database.environment)
