"""Sentences of the rooms below the faces, told in Russian: all of them, with what is put in, and nothing else."""

import gettext
import re
import time
from pathlib import Path

import pytest
from django.utils import translation

from config.patterns import messages
from config.retelling import LONGEST, Book, told
from config.sentences import read
from tests.support.figures import note

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "locale/ru/LC_MESSAGES/sentences.mo"
HOLE = re.compile(r"\{\w+\}")


@pytest.fixture
def russian():
    with translation.override("ru"):
        yield


def entries() -> list[tuple[str, str]]:
    return [(one, many) for one, many in messages(FILE) if one]


def test_every_sentence_is_in_the_catalogue() -> None:
    """What is untranslated or fuzzy is not compiled, so that it is missing here too. `script/sentences` brings both in line."""
    said = {(entry.msgid, entry.plural) for entry in read(ROOT).values()}
    known = set(entries())

    assert sorted(said - known) == []
    assert sorted(known - said) == []


def test_both_sides_put_in_the_same() -> None:
    with FILE.open("rb") as opened:
        catalogue = gettext.GNUTranslations(opened)
    for one, many in entries():
        expected = set(HOLE.findall(one + many)) - {"{n}"}
        forms = [catalogue.ngettext(one, many, n) for n in (1, 2, 5)] if many else [catalogue.gettext(one)]
        for form in forms:
            assert set(HOLE.findall(form)) - {"{n}"} == expected, one
            assert form[0] in " ,;" or not one[0].isspace(), one
            assert form[-1:].isspace() == one[-1:].isspace(), one


def test_every_pattern_is_told_back(russian: None) -> None:
    """An example of each comes out as its own translation: no other pattern is in its way."""
    book, wrong, began = Book(FILE), [], time.process_time()
    for one, many in entries():
        for text in [one, many] if many else [one]:
            if not text:
                continue
            number = 21 if "{n}" in text else 1
            form = book.catalogue.ngettext(one, many, number) if many else book.catalogue.gettext(one)
            if told(filled(text, number)) != filled(form, number):
                wrong.append((filled(text, number), told(filled(text, number))))
    assert wrong == []
    each = (time.process_time() - began) * 1000 / len(entries())
    note(f"sentences: {len(entries())} entries, the first telling of one takes {each:.2f} ms, of each later one none")


def filled(text: str, number: int) -> str:
    return HOLE.sub(lambda hole: str(number) if hole[0] == "{n}" else f"x{hole[0][1:-1]}", text)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("1 hour", "1 час"),
        ("2 hours", "2 часа"),
        ("5 hours", "5 часов"),
        ("21 hours", "21 час"),
        ("1,012 rows", "1\u00a0012 строк"),
        ("Running", "Выполняется"),
        ("running", "выполняется"),
        ("Waits for job 5", "Ждёт задание 5"),
        ("It was rejected by nobody that we know.", "It was rejected by nobody that we know."),
    ],
)
def test_counts_labels_and_what_is_unknown(russian: None, sentence: str, expected: str) -> None:
    assert told(sentence) == expected


def test_what_is_put_in_is_told_in_its_turn(russian: None) -> None:
    text = "0 of 2 (Ada), asked 12 min ago; that of eva does not count: it has expired"
    assert told(text) == "0 из 2 (Ada), запрошено 12 мин назад; согласование от eva не считается: срок истёк"

    text = "Job 5 failed: upgrade shop/dev:main, 3 steps; the database is unchanged."
    assert told(text) == "Задание 5 не выполнено: обновление shop/dev:main, 3 шага; база: без изменений."


def test_a_name_before_an_entry_is_no_part_of_it(russian: None) -> None:
    assert told("shop/dev: the database could not be read") == "shop/dev: базу не удалось прочитать"


def test_several_sentences_are_told_one_by_one(russian: None) -> None:
    text = "127.0.0.1:5432 could not be read. It said: FATAL: foo bar and baz. Nothing was run."
    assert told(text) == "Не удалось прочитать: 127.0.0.1:5432. Ответ сервера: FATAL: foo bar and baz. Ничего не выполнялось."


def test_what_the_database_said_stays(russian: None) -> None:
    for raw in ['column "total" of relation "orders" already exists', "SELECT 1 FROM a, b WHERE c and d", "ERROR: deadlock detected"]:
        assert told(raw) == raw


def test_markup_in_what_is_put_in_is_not_trusted(russian: None) -> None:
    assert told("<b>x</b> could not be read.") == "Не удалось прочитать: <b>x</b>."
    assert type(told("Running")) is str


def test_english_is_given_back_as_it_is() -> None:
    for language in ("en", "en-gb", "de"):
        with translation.override(language):
            sentence = "Nothing was run."
            assert told(sentence) is sentence
    with translation.override(None):
        assert told("Nothing was run.") == "Nothing was run."


def test_very_long_texts_are_left_alone(russian: None) -> None:
    text = "Nothing was run. " * LONGEST
    assert told(text) is text
