"""Someone else's statement is shown without the data in it, however it is written and wherever it is cut off."""

import pytest

from environments.statements import SHOWN, masked

SECRET = "hunter2"
FORMS = [
    f"SELECT 1 WHERE a = '{SECRET}'",
    f"UPDATE t SET a = 'C:\\', b = '{SECRET}'",
    f"UPDATE t SET a = E'it\\'s', b = '{SECRET}'",
    f"UPDATE t SET a = 'it''s', b = '{SECRET}'",
    f"-- don't\nSELECT '{SECRET}'",
    f"/* don't */ SELECT '{SECRET}'",
    f"/* /* nested */ don't */ SELECT '{SECRET}'",
    f"SELECT $x$ it's {SECRET} $x$, $$ {SECRET} $$",
    f"SELECT '{SECRET} cut off",
    f"SELECT \"a'b\", '{SECRET}'",
    f"-- {SECRET}",
    f"/* {SECRET}",
    f"SELECT U&'{SECRET}', N'{SECRET}', B'{SECRET}'",
]
MYSQL = [
    f"SELECT 'a\\'b', '{SECRET}'",
    f'SELECT "a\\"b", "{SECRET}"',
    f"SELECT `a'b`, '{SECRET}'",
    f"SELECT `a\\`, '{SECRET}'",
    f"# don't\nSELECT '{SECRET}'",
    f"-- don't\nSELECT '{SECRET}'",
    f'SELECT "{SECRET} cut off',
    f"SELECT 'cut off {SECRET}\\",
]


@pytest.mark.parametrize(("statement", "mysql"), [(text, False) for text in FORMS] + [(text, True) for text in FORMS[:1] + MYSQL])
def test_no_string_is_shown(statement: str, mysql: bool) -> None:
    assert SECRET not in masked(statement, mysql=mysql)


@pytest.mark.parametrize("number", ["88124", "3.14", "1e5", "0xFF", "12."])
def test_no_number_is_shown(number: str) -> None:
    assert masked(f"SELECT a FROM t1 WHERE x2 = {number} AND y = $1") == "SELECT a FROM t1 WHERE x2 = ? AND y = $1"


def test_names_stay() -> None:
    assert masked('SELECT "Phone 1", t_2.x\n FROM users FOR UPDATE') == 'SELECT "Phone 1", t_2.x FROM users FOR UPDATE'
    assert masked("SELECT `Phone 1` FROM users", mysql=True) == "SELECT `Phone 1` FROM users"


def test_a_long_one_is_cut() -> None:
    assert len(masked("SELECT a, " * 500)) == SHOWN
