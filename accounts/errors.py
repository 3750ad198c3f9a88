"""What can be refused where users and tokens are concerned."""

from config.errors import Conflict


class NameTaken(Conflict):
    code = "name_taken"
    title = "This name is taken"
