"""What a text of SQL would do to data and to the transaction around it, by its words alone. When in doubt it is said."""

import re
from collections.abc import Iterator

# (what, its object) that is lost, and reasons why the statement is not part of one transaction.
Losses = list[tuple[str, str]]

# Comments (but those that MySQL executes), literals and bodies. Whether a backslash escapes a quote depends on the server: both are tried.
READINGS = [
    re.compile(
        rf"""--[^\n]* | /\*(?!!).*?(?:\*/|$) | E'(?:[^'\\]|''|\\.)*' | {literal} | (?P<tag>\$[A-Za-z_]*\$)(?P<body>.*?)(?P=tag)""",
        re.VERBOSE | re.DOTALL,
    )
    for literal in (r"'(?:[^']|'')*'", r"'(?:[^'\\]|''|\\.)*'")
]
NAME = r"""((?:[\w${}….\[\]()]+|"[^"]+"|`[^`]+`|\[[^\]]+\])(?:\s*\.\s*(?:[\w${}…]+|"[^"]+"|`[^`]+`))*)"""
SEVERAL = rf"({NAME}(?:\s*,\s*{NAME})*)"
EXISTS = r"(?:IF\s+EXISTS\s+)?"
ANY_CASE = re.IGNORECASE
LOSSES = [
    (re.compile(rf"\bDROP\s+(?:FOREIGN\s+|TEMPORARY\s+|TEMP\s+)?TABLE\s+{EXISTS}{SEVERAL}", ANY_CASE), "drops table"),
    (re.compile(rf"\bDROP\s+SCHEMA\s+{EXISTS}{NAME}", ANY_CASE), "drops schema"),
    (re.compile(rf"\bDROP\s+DATABASE\s+{EXISTS}{NAME}", ANY_CASE), "drops database"),
    (re.compile(rf"\bDROP\s+OWNED\s+BY\s+{NAME}", ANY_CASE), "drops everything that belongs to"),
    (re.compile(rf"\bDROP\s+(?:TYPE|DOMAIN|EXTENSION)\s+{EXISTS}{NAME}[^;]*\bCASCADE\b", ANY_CASE), "may drop columns of type"),
    (re.compile(rf"\bTRUNCATE\s+(?:TABLE\s+)?(?:ONLY\s+)?{SEVERAL}", ANY_CASE), "empties table"),
    (re.compile(rf"\bDELETE\s+FROM\s+(?:ONLY\s+)?{NAME}", ANY_CASE), "deletes rows of"),
    (re.compile(rf"\bMERGE\s+INTO\s+{NAME}[^;]*\bTHEN\s+DELETE\b", ANY_CASE), "deletes rows of"),
    (re.compile(rf"^\s*REPLACE\s+(?:INTO\s+)?{NAME}", ANY_CASE), "may replace rows of"),
]  # fmt: skip
ALTERED = re.compile(rf"\bALTER\s+TABLE\s+{EXISTS}(?:ONLY\s+)?{NAME}\s+(?P<rest>.*)", ANY_CASE | re.DOTALL)
NO_COLUMN = r"CONSTRAINT|DEFAULT|NOT|INDEX|KEY|PRIMARY|FOREIGN|CHECK|EXPRESSION|IDENTITY|PERIOD|SYSTEM|PARTITION|VALUE|ATTRIBUTE"
DROPPED = re.compile(rf"\bDROP\s+(?:COLUMN\s+)?{EXISTS}(?!(?:{NO_COLUMN}|COLUMN|IF)\b){NAME}", ANY_CASE)
PARTITION = re.compile(rf"\b(?:DROP|TRUNCATE)\s+PARTITION\s+{NAME}", ANY_CASE)
RETYPED = re.compile(
    rf"\bALTER\s+(?:COLUMN\s+)?{NAME}\s+(?:SET\s+DATA\s+)?TYPE\b|\bMODIFY\s+(?:COLUMN\s+)?{NAME}|\bCHANGE\s+(?:COLUMN\s+)?{NAME}", ANY_CASE
)
NON_ATOMIC = [
    (re.compile(r"^\s*(?:COMMIT|END)\b(?!\s+PREPARED)", ANY_CASE), "COMMIT ends the transaction"),
    (re.compile(r"^\s*(?:ROLLBACK|ABORT)\b(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b)", ANY_CASE), "ROLLBACK ends the transaction"),
    (re.compile(r"^\s*(?:BEGIN|START\s+TRANSACTION)\b", ANY_CASE), "BEGIN starts a transaction of its own"),
    (re.compile(r"^\s*PREPARE\s+TRANSACTION\b", ANY_CASE), "PREPARE TRANSACTION ends the transaction"),
    (re.compile(r"\bALTER\s+TYPE\b.*\bADD\s+VALUE\b", ANY_CASE | re.DOTALL), "ALTER TYPE … ADD VALUE has to stand alone"),
    (re.compile(r"^\s*VACUUM\b", ANY_CASE), "VACUUM cannot run in a transaction"),
    (re.compile(r"\b(?:CREATE|DROP)\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\b", ANY_CASE), "an index is made or dropped CONCURRENTLY"),
    (re.compile(r"^\s*REINDEX\b.*\bCONCURRENTLY\b", ANY_CASE | re.DOTALL), "REINDEX CONCURRENTLY stands alone"),
    (re.compile(r"\bDETACH\s+PARTITION\b.*\bCONCURRENTLY\b", ANY_CASE | re.DOTALL), "DETACH PARTITION CONCURRENTLY stands alone"),
    (re.compile(r"^\s*(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE|SUBSCRIPTION)\b", ANY_CASE), "it makes or drops what no transaction holds"),
    (re.compile(r"^\s*ALTER\s+SYSTEM\b", ANY_CASE), "ALTER SYSTEM cannot run in a transaction"),
    (re.compile(r"^\s*(?:UN)?LOCK\s+TABLES\b", ANY_CASE), "LOCK TABLES commits on MySQL"),
]  # fmt: skip
ENDS = re.compile(r"\b(COMMIT|ROLLBACK)\b", ANY_CASE)
DYNAMIC = [
    (re.compile(r"^\s*CALL\b", ANY_CASE), "a procedure is called, which may do anything"),
    (re.compile(r"^\s*(?:PREPARE\s+(?!TRANSACTION)|EXECUTE\b)", ANY_CASE), "a prepared statement is executed"),
    (re.compile(r"^\s*DO\b(?!.*\$\$)", ANY_CASE | re.DOTALL), "a DO block stands in plain quotes, and is not read"),
]
IN_BLOCK = [(re.compile(r"\bEXECUTE\b", ANY_CASE), "a DO block executes SQL that it puts together"), DYNAMIC[0]]
DEFINES = re.compile(r"^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE|TRIGGER|RULE|EVENT|AGGREGATE)\b", ANY_CASE)
BEGIN, END = re.compile(r"\bBEGIN\b", ANY_CASE), re.compile(r"^\s*END\b(?!\s+(?:IF|LOOP|CASE|WHILE|REPEAT)\b)", ANY_CASE)
BLOCK = re.compile(r"^\s*DO\b", ANY_CASE)
# In PL/pgSQL, BEGIN and END are brackets.
BRACKETS = re.compile(r"^\s*(?:(?:DECLARE\b.*?)?\bBEGIN\b|END\b(?:\s+(?:IF|LOOP))?|EXCEPTION\b)", ANY_CASE | re.DOTALL)
PRIVILEGES = re.compile(r"^\s*(?:GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|COMMENT|CREATE\s+POLICY)\b", ANY_CASE)


def losses(text: str) -> Losses:
    """What is deleted or may be, once each."""
    return list(dict.fromkeys(loss for statement, _ in statements(text) for loss in _losses(statement)))


def breaks(text: str) -> list[str]:
    """Why the statements are not all or nothing."""
    found = []
    for statement, is_block in statements(text):
        found += [why for pattern, why in NON_ATOMIC if pattern.search(statement) and not is_block]
        found += [f"{match[1].upper()} in a DO block ends the transaction" for match in ENDS.finditer(statement) if is_block]
    return list(dict.fromkeys(found))


def unclear(text: str) -> list[str]:
    """Why the words do not tell what is done."""
    found = []
    for statement, is_block in statements(text):
        found += [why for pattern, why in (IN_BLOCK if is_block else DYNAMIC) if pattern.search(statement)]
    return list(dict.fromkeys(found))


def statements(text: str) -> Iterator[tuple[str, bool]]:
    """One after the other, without comments and literals, and whether it stands in a DO block. What only defines runs nothing."""
    for reading in READINGS:
        yield from ((one, is_block) for one, is_block in _statements(text, reading) if not PRIVILEGES.search(one))


def _statements(text: str, reading: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    bodies: list[str] = []

    def bare(match: re.Match[str]) -> str:
        if match["tag"]:
            bodies.append(match["body"])
            return f" \0{len(bodies) - 1}\0 "
        return "''" if match[0].endswith("'") else " "

    defining = False
    for statement in reading.sub(bare, text.replace("\0", " ")).split(";"):
        if defining or DEFINES.search(statement):
            # Without quotes around it, as in MySQL and SQLite, the body goes on behind each semicolon until its END.
            defining = not END.search(statement) and (defining or bool(BEGIN.search(statement)))
            continue
        yield re.sub("\0\\d+\0", "$$", statement), False
        if BLOCK.search(statement):
            for number in re.findall("\0(\\d+)\0", statement):
                yield from ((BRACKETS.sub(" ", part), True) for part, _ in _statements(bodies[int(number)], reading))


def _losses(statement: str) -> Iterator[tuple[str, str]]:
    for pattern, what in LOSSES:
        for match in pattern.finditer(statement):
            yield from ((what, _bare(name)) for name in match[1].split(","))
    for table in ALTERED.finditer(statement):
        name, rest = _bare(table[1]), table["rest"]
        yield from (("drops column", f"{name}.{_bare(match[1])}") for match in DROPPED.finditer(rest))
        yield from (("drops partition", f"{name}.{_bare(match[1])}") for match in PARTITION.finditer(rest))
        for match in RETYPED.finditer(rest):
            yield "may shorten values of", f"{name}.{_bare(match[1] or match[2] or match[3])}"


def _bare(name: str) -> str:
    return re.sub(r'["`\[\]]', "", name).strip().rstrip("()")
