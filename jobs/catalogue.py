"""What can go wrong, in words: one entry for each cause, found by what Alembic, the drivers and the servers say.

The codes and words are those of docs/errors.md; the signatures come from real runs on PostgreSQL, MariaDB and SQLite.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """`why` may hold the groups of the signature as {0}, {1}, …; `next` is a list of sentences."""

    code: str
    title: str
    why: str
    next: tuple[str, ...]
    signature: re.Pattern[str] | None = None


def _known(code: str, signature: str, title: str, why: str, *steps: str) -> Explanation:
    return Explanation(code, title, why, steps, re.compile(signature, re.IGNORECASE | re.DOTALL))


NOT_LOADED = (
    "The project's code could not be loaded",
    "Correct the file and the line that are named.",
    "A module that is missing: install it for the project's interpreter, or name another interpreter in the project's settings.",
)
NOT_SET = (
    "An environment variable is missing",
    "The project's code asks for {0}. It gets none of the dashboard's own variables, only those that the project's settings name.",
    "Add the variable in the project's settings, under How env.py gets its URL.",
)
CATALOGUE = [
    _known(
        "AM-102",
        r"Multiple revisions start with '([^']*)'",
        "The beginning of the revision's id fits several",
        "{0} could be any of those whose id begins with it.",
        "Name the revision in full.",
    ),
    _known(
        "AM-104",
        r"Revision (\S+) is present more than once",
        "Two files declare the same revision",
        "Revision {0} is declared by two files; Alembic drops one of them.",
        "Look at the faults of the project's history.",
        "Give one of the files another id.",
    ),
    _known(
        "AM-103",
        r"Multiple head(?: revision)?s are present|has multiple heads",
        "The history has several heads",
        "Two people branched from the same revision, so head is not one place.",
        "Upgrade to heads, or to one branch.",
        "Create a merge revision.",
    ),
    _known(
        "AM-101",
        r"Can't locate revision identified by '([^']*)'",
        "The code does not contain this revision",
        "Revision {0} is not in the code that ran: another branch was deployed, the file was deleted, or this is another database.",
        "Read the project's code again.",
        "Check that this is the right database.",
        "Stamp the database if you know where it is.",
    ),
    _known(
        "AM-105",
        r"KeyError: '([^']+)'.*revision|Revision \S+ referenced from .* is not present",
        "A parent revision is missing",
        "A file names a parent that is in no other file.",
        "Look for the file in git's history.",
        "Correct down_revision.",
    ),
    _known(
        "AM-106",
        r"Cycle is detected in revisions|Dependency cycle|Self-loop is detected",
        "Revisions form a loop",
        "Following down_revision leads back to the start.",
        "Look at the faults of the project's history.",
    ),
    _known(
        "AM-107",
        r"Target database is not up to date",
        "The database is behind the code",
        "Comparing now would report what the pending revisions already do.",
        "Upgrade this database first, then check again.",
    ),
    _known(
        "AM-108",
        r"does not provide a MetaData object",
        "env.py has no target_metadata",
        "Without the models' MetaData there is nothing to compare with.",
        "Set target_metadata in env.py to your models' metadata.",
    ),
    _known(
        "AM-110",
        r"not a valid downgrade target|does not refer to ancestor|Requested range",
        "The revision is not on the way",
        "The target is not below or above where the database is.",
        "Choose a revision from the list of ancestors.",
    ),
    _known(
        "AM-111",
        r"didn't produce \d+ migrations|Walked too far",
        "There are not that many revisions",
        "The relative step goes beyond the end of the history.",
        "Name a revision.",
    ),
    _known(
        "AM-112",
        r"No module named '?([\w.]+)'?",
        *NOT_LOADED[:1],
        "It imports {0}, which its interpreter does not have. One bad import stops every command.",
        *NOT_LOADED[1:],
    ),
    _known(
        "AM-112",
        r"^(?:SyntaxError|IndentationError|TabError)\b",
        *NOT_LOADED[:1],
        "A file of it is not valid Python. One such file stops every command.",
        *NOT_LOADED[1:],
    ),
    _known(
        "AM-113",
        r"No 'script_location' key found|Path doesn't exist:|No such revision or branch folder",
        "There is no Alembic configuration at this place",
        "Alembic does not find the script directory.",
        "Correct the configuration's path in the project's settings.",
    ),
    _known(
        "AM-114",
        r"Can't load plugin: sqlalchemy\.dialects:([\w.]+)",
        "env.py opened a URL of no known kind of database",
        "The URL began with {0}. Where that is driver, env.py took the example that alembic init had written, and not the URL of this database.",
        "Make env.py use sqlalchemy.url from its Config, an environment variable or an -x argument that the project's settings fill.",
        "A kind of database whose package is missing: install it for the project's interpreter.",
    ),
    _known("AM-115", r"KeyError: '([^']+)' in os\.environ", *NOT_SET),
    # pydantic-settings names its fields, and only the first one missing is told: the log has them all
    _known("AM-115", r"validation errors? for \w*(?:Settings|Config|Env)\w*\n(?:[^\n]*\n)*?(\w+)\n +field required", *NOT_SET),
    _known("AM-115", r"^(\w+) not found\. Declare it as envvar", *NOT_SET),  # python-decouple
    _known(
        "AM-115", r"^(?:Environment variable \"|Set the )(\w+)(?:\" not set| environment variable)", *NOT_SET
    ),  # environs, django-environ
    _known(
        "AM-116",
        r"Expected string or URL object, got None|option values must be strings|Could not parse (?:SQLAlchemy|rfc1738) URL",
        "env.py has no URL",
        "What it took for the URL of the database is empty, or is no URL: most often an environment variable or an -x argument is not set.",
        "Add the variable or the -x argument in the project's settings, under How env.py gets its URL.",
        "Or make env.py use sqlalchemy.url from its Config.",
    ),
    _known(
        "AM-117",
        r"'Config' object has no attribute '([^']+)' in env\.py",
        "env.py expects to be called by the project's own command",
        "It asks Alembic's Config for {0}, which is not Alembic's: a command of the project sets it there before it calls Alembic.",
        "Make env.py do the same where its Config lacks it, with the URL of sqlalchemy.url, or of an environment variable or an -x argument"
        " that the project's settings fill.",
    ),
    _known(
        "AM-202",
        r"password authentication failed|\(1045,|Access denied for user \S+ \(using|no password supplied",
        "The login was rejected",
        "The server does not accept this user with this password.",
        "Type the password again in the database's settings.",
    ),
    _known(
        "AM-203",
        r"database \"([^\"]*)\" does not exist|Unknown database|too many (?:clients|connections)|remaining connection slots|\(1040,|\(1203,|\(1226,",
        "The server does not let us in",
        "The database does not exist there, or the server has no free connection.",
        "Check the name of the database.",
        "Try again later.",
    ),
    _known(
        "AM-201",
        r"Connection refused|could not translate host name|failed to resolve host|Name or service not known|Can't connect to|timeout expired",
        "The database did not accept a connection",
        "The server is down, the port is wrong, or a firewall or the name service is in the way.",
        "Test the connection.",
        "Correct the address.",
    ),
    _known(
        "AM-204",
        r"(?:relation|table:?|Table) [\"']?(?:\S+\.)?alembic_version[\"']? (?:does not|doesn't) exist|no such table: (?:\S+\.)?alembic_version",
        "The version table is not there",
        "A revision dropped it, or changed the search_path as the files of pg_dump do, or the table that env.py looks for has another name"
        " or schema.",
        "If a revision runs the file of a pg_dump, take the lines that set the search_path out of it.",
        "Look whether the database has the tables of its revisions.",
        "If it has, see that name and schema of the version table are right, or stamp the revision that the tables equal.",
    ),
    _known(
        "AM-205",
        r"permission denied for|\(1044,|\(1142,|\(1227,|must be owner of|no schema has been selected|read-only transaction|attempt to write a readonly database|command denied to user",
        "The role may not do this",
        "The login works, but it lacks a right, or this is a standby that only reads.",
        "Ask the database's owner for the grant.",
        "Choose the primary server.",
    ),
    _known(
        "AM-301",
        r"lock timeout|Lock wait timeout exceeded|\(1205,|database (?:table )?is locked|could not obtain lock",
        "Gave up waiting for a lock",
        "Another session holds what the migration needs, for longer than the environment's lock timeout.",
        "See who holds the lock, and try again when it is free.",
        "Run it at a quieter time.",
    ),
    _known(
        "AM-310",
        r"deadlock detected|Deadlock found|\(1213,",
        "The server broke a deadlock",
        "Another session held what the migration needed, and waited for what the migration held. The server ended one of the two: this one.",
        "See who uses these tables, and run it at a quieter time.",
        "Try again: nothing is wrong with the revision itself.",
    ),
    _known(
        "AM-302",
        r"statement timeout|due to user request|terminating connection due to|server closed the connection|Lost connection"
        r"|server has gone away|Query execution was interrupted|Connection was killed|SSL connection has been closed",
        "The statement was ended from outside",
        "A time limit, an administrator or a restart of the server ended it.",
        "Raise the limit if the statement needs longer.",
        "Try again.",
    ),
    _known(
        "AM-303",
        r"\w+ \"([^\"]*)\"(?: (?:of|for) relation \"[^\"]*\")? already exists|(?:table|index|view|trigger) (\S+) already exists"
        r"|\(1050,|\(1060,|\(1061,|\(1826,|duplicate column name|Duplicate key name",
        "It is there already",
        "Someone created it by hand, or an earlier run stopped half-way.",
        "Compare the database with the revision.",
        "If the change is all there, stamp the revision.",
        "Else undo the half that is there, then run it again.",
    ),
    _known(
        "AM-304",
        r"(?<!role )\"([^\"]*)\"(?: of relation \"[^\"]*\")? does not exist|column \S+ does not exist|no such (?:table|column|index|view)"
        r"|\(1146,|\(1054,|\(1091,|\(1051,|\(1072,|unknown column|function \S+ does not exist",
        "Something that the migration needs is not there",
        "It was dropped by hand, lies in another schema, or a revision was stamped without being run.",
        "Compare the database with its revision.",
    ),
    _known(
        "AM-305",
        r"contains null values|could not create unique index|is duplicated|(?:NOT NULL|UNIQUE|CHECK|FOREIGN KEY) constraint failed"
        r"|Duplicate entry|violates|is violated by some row|\(1062,|\(1138,|\(1265,|\(1452,|\(4025,|Cannot add a NOT NULL column",
        "Existing rows break the new rule",
        "The data that is there does not satisfy the constraint.",
        "Find and mend these rows.",
        "Add a default or a backfill to the revision.",
    ),
    _known(
        "AM-306",
        r"cannot be cast automatically|other objects depend on it|\(1451,|\(1553,|\(1833,|\(1829,",
        "The server asks for more",
        "It does not do this without being told how, or while something else depends on it.",
        "Look at what the server said, and edit the revision.",
    ),
    _known(
        "AM-307",
        r"cannot run inside a transaction block|autocommit_block",
        "It cannot run inside a transaction",
        "A statement such as CREATE INDEX CONCURRENTLY needs to stand alone.",
        "Put it into `with op.get_context().autocommit_block():`.",
    ),
    _known(
        "AM-308",
        r"near \"(?:ALTER|DROP|CONSTRAINT)\": syntax error|No support for ALTER",
        "SQLite cannot alter this",
        "SQLite changes few things in place.",
        "Use op.batch_alter_table in the revision.",
    ),
    _known(
        "AM-309",
        r"value too long for type character varying\(32\)|Data too long for column 'version_num'",
        "The revision id is too long",
        "The version table holds 32 characters.",
        "Shorten the id, or widen version_num.",
    ),
]

OURS = {
    "wrong_database": Explanation("wrong_database", "env.py connected to another database", "It ignores the URL that it is given, or overrides it. The run was ended before its first statement there.", ("Make env.py use sqlalchemy.url from its Config, an environment variable or an -x argument that the project's settings fill.",)),
    "lock_busy": Explanation("lock_busy", "Another migration holds the database", "Someone else migrates it, perhaps from another place.", ("Wait until it has ended, then try again.",)),
    "pooled": Explanation("pooled", "The database is reached through a pooler", "", ("Name the server itself in the database's settings: host and port behind the pooler.", "If the pooler works in session mode, set ALLOW_POOLERS=on.")),
    "plan_changed": Explanation("plan_changed", "The plan is no longer true", "", ("Build the plan again and look at what it does now.",)),
    "gate_closed": Explanation("gate_closed", "A gate is closed", "", ("Meet the condition that is named, or have the policy changed by those who may.", "Then request the job again.")),
    "backup_failed": Explanation("backup_failed", "The backup before the migration failed", "", ("Look at the log for what the backup's command said.", "Mend the command in the policy, or what it misses, then request the job again.")),
    "env_did_nothing": Explanation("env_did_nothing", "env.py ran no migration", "", ("Look at env.py: it has to call context.run_migrations() in online mode.",)),
    "no_downgrade": Explanation("no_downgrade", "A revision has no way back", "", ("Leave the database where it is, or restore the backup from before the upgrade.", "To go back by hand: undo what the revision changed, then stamp the revision before it.", "Or write its downgrade(), read the code again, and make a new plan.")),
    "needs_tables": Explanation("needs_tables", "The history does not begin with an empty database", "This is the first revision that does anything, and it expects something to be there already: most often the project makes its first tables in another way, such as create_all() or a command of its own.", ("Let the project make its first tables here, in its own way.", "Stamp the revision that these tables equal, then upgrade from there.", "If they are there: see that this is the right database, and the right schema.")),
    "exited": Explanation("exited", "The project's code ended the run", "", ("Look at the log for its reason.", "Remove the sys.exit from env.py or the revision.")),
    "missing_interpreter": Explanation("missing_interpreter", "The project's interpreter cannot be started", "", ("Correct the interpreter in the project's settings.",)),
    "cannot_isolate": Explanation("cannot_isolate", "The project's code cannot be isolated", "", ("Correct RUNNER_USER, or start the worker as root.", "Then make a new plan.")),
    "missing_module": Explanation("AM-112", NOT_LOADED[0], "", NOT_LOADED[1:]),
    "database_missing": Explanation("database_missing", "The database does not exist", "", ("Check its name, or the path of its file.", "Create it, or for SQLite allow jobs to create the file in the database's settings.")),
    "database_not_read": Explanation("database_not_read", "The database could not be read", "The job ended before it began.", ("Test the connection, and mend what it names.", "Then make a new plan.")),
    "timed_out": Explanation("timed_out", "The job took too long and was stopped", "It reached the longest time that a job may take.", ("Look at the log for where it stood.", "Raise JOB_TIMEOUT if it needs longer.")),
    "silent": Explanation("silent", "The job said nothing for too long and was stopped", "No line, no statement and no step was told within the longest silence that is allowed.", ("Look at the log for its last statement: it may have waited for a lock.", "Raise JOB_SILENCE if a statement may take longer.")),
    "invalid_index": Explanation("invalid_index", "An index was left unfinished", "A CREATE INDEX CONCURRENTLY was ended before it was done.", ("Drop what is invalid before the next try, outside a transaction.",)),
    "stopped": Explanation("stopped", "The job was stopped while it ran", "Someone canceled it, or the dashboard was stopped.", ("Wait until the database has been read.", "Look at the log for where it stood.")),
    "killed": Explanation("killed", "The migration's process ended without a word", "It was killed, or its code ended it at once.", ("Look at the log for its last lines.", "Look for os._exit in env.py and the revision, and for too little memory.")),
    "version_not_moved": Explanation("version_not_moved", "It reported success, but the version did not move", "A fresh connection does not find the planned revision. Often the transaction was not committed: env.py talks to the database before context.configure(), or does not call context.run_migrations() within context.begin_transaction(). If something has stayed, the version was written where it is not read, such as another schema of the search_path, or a revision writes into the version table itself.", ("Look at env.py: nothing may run on the connection before context.configure(), and the migrations belong within context.begin_transaction().", "See that the search_path, and name and schema of the version table, are the same in env.py and in the database's settings.")),
    "unverified": Explanation("unverified", "What it did could not be verified", "Alembic reported success, and that alone proves nothing.", ("Wait until the database has been read.", "Look at the steps and the log.")),
    "version_elsewhere": Explanation("version_elsewhere", "env.py keeps the version elsewhere", "What the dashboard shows of this database is not what Alembic sees.", ("Set name and schema of the version table in the database's settings as env.py has them.", "Have the database checked: its revision is then read from that table. Make a new plan from there.")),
}  # fmt: skip
# The sweep that finds it tells what it read of the database, too.
LOST = Explanation(
    "worker_lost",
    "The worker was lost",
    "It gave no sign of life any more while it ran the job. The database is read again, and nothing is run a second time.",
    ("Look at the steps and the log.", "Make a new plan from where the database is now."),
)
OTHER = Explanation(
    "project_error",
    "The migration failed",
    "",
    ("Look at the log.", "Mend env.py or the revision, read the code again, and make a new plan."),
)
# The same, where env.py or what it imports raised it: then no revision is at fault, and often a setting is missing.
OUTSIDE = Explanation(
    "project_error",
    "The project's code failed, and no revision was begun",
    "",
    (
        "Look at the log.",
        "Give the project what it asks for, in its settings: environment variables, -x arguments, a working directory, a Flask application.",
        "Or mend its env.py, read the code again, and make a new plan.",
    ),
)
