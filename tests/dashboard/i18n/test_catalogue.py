"""The Chinese catalogue holds what the source asks for, in the forms that Chinese has."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file

from dashboard import i18n
from dashboard.i18n.catalogue import translations
from tests.support.translations import Key, catalogue, entries, translated

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
PLACE = re.compile(r"{\w+}")
LANGUAGES = [name for name in i18n.LANGUAGES if name != "en"]


def asked_for(path: Path) -> Iterator[tuple[Key, str]]:
    """The texts that a file marks for translation, as Babel reads it, with where they stand."""
    # The command line speaks English only: it has the standard library's `ngettext`.
    if "from gettext import ngettext" in path.read_text(encoding="utf-8"):
        return
    for line, text, _comments, context in extract_from_file("python", path, DEFAULT_KEYWORDS):
        forms = (text,) if isinstance(text, str) else tuple(text)
        yield (context, forms), f"{path.relative_to(ROOT)}:{line}"


ASKED = {key: where for path in FILES for key, where in asked_for(path)}


@cache
def core() -> str:
    """All of core, which knows no language: rules of input errors are written there."""
    return "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "core").rglob("*.py"))


def said_in_core(text: str) -> bool:
    return f'"{text}"' in core()


def test_the_source_is_read_for_all_kinds_of_texts():
    assert len(ASKED) > 1000
    assert (None, ("{n} row", "{n} rows")) in ASKED
    assert ("button", ("Open",)) in ASKED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_a_translation(language):
    known = entries(language)
    missing = {
        key: where
        for key, where in ASKED.items()
        if key not in known or known[key].fuzzy or not all(translated(known[key]))
    }
    assert missing == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_left_over(language):
    spare = entries(language).keys() - ASKED.keys()
    assert {key for key in spare if not said_in_core(key[1][0])} == set()


def test_no_text_has_two_sets_of_forms():
    """gettext finds a text by its singular: two plurals of one singular would hide each other."""
    first: dict[tuple[str | None, str], Key] = {}
    for key in ASKED:
        assert first.setdefault((key[0], key[1][0]), key) == key, ASKED[key]


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_places(language):
    for (_context, forms), entry in entries(language).items():
        places = {tuple(sorted(PLACE.findall(form))) for form in (*forms, *translated(entry))}
        assert len(places) == 1, forms


def test_the_catalogue_keeps_the_words_of_the_glossary():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split("|") for line in page.partition("## In Chinese")[2].splitlines()]
    words = [word.strip() for row in rows if len(row) == 3 for word in row[2].split(",")]
    unwanted = [word for word in words if word and word not in ("not", "---")]
    assert len(unwanted) > 10
    said = [text for entry in entries("zh-CN").values() for text in translated(entry)]
    assert {(word, text) for word in unwanted for text in said if word in text} == set()


def test_chinese_has_one_form():
    found = catalogue("zh-CN")
    assert found.locale_identifier == "zh_CN"
    assert found.plural_forms == "nplurals=1; plural=0;"
    assert not found.fuzzy
    plurals = [entry for entry in found if entry.pluralizable and entry.id]
    assert {len(translated(entry)) for entry in plurals} == {1}


@pytest.mark.parametrize(
    ("n", "english", "chinese"),
    [
        (0, "0 others, 0 of them disputed", "另有 0 笔，其中 0 笔有争议"),
        (1, "1 other, 0 disputed", "另有 1 笔，其中 0 笔有争议"),
        (2, "2 others, 0 of them disputed", "另有 2 笔，其中 0 笔有争议"),
        (1001, "1001 others, 0 of them disputed", "另有 1001 笔，其中 0 笔有争议"),
        (10**15, f"{10**15} others, 0 of them disputed", f"另有 {10**15} 笔，其中 0 笔有争议"),
    ],
)
def test_a_count_chooses_the_form(n, english, chinese):
    def said() -> str:
        text = i18n.ngettext(
            "{n} other, {disputed} disputed", "{n} others, {disputed} of them disputed", n
        )
        return text.format(n=n, disputed=0)

    assert said() == english
    with i18n.speaking("zh-CN"):
        assert said() == chinese


def test_a_context_tells_two_meanings_apart():
    assert i18n.pgettext("button", "Open") == i18n._("Open") == "Open"
    with i18n.speaking("zh-CN"):
        assert i18n.pgettext("button", "Open") == "打开"
        assert i18n._("Open") == "进行中"
        assert i18n.pgettext("no such context", "Open") == "Open"


@pytest.mark.parametrize(("n", "form"), [(0, "{n} geese"), (1, "{n} goose"), (2, "{n} geese")])
def test_a_text_that_the_catalogue_lacks_keeps_the_english_forms(n, form):
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            assert i18n.ngettext("{n} goose", "{n} geese", n) == form
            assert i18n.npgettext("farm", "{n} goose", "{n} geese", n) == form


def test_the_empty_text_is_not_the_catalogues_header():
    with i18n.speaking("zh-CN"):
        assert i18n._("") == ""


def test_a_catalogue_is_read_once_and_not_for_english():
    translations.cache_clear()
    for _time in range(2):
        with i18n.speaking("en"):
            assert i18n._("Payments") == "Payments"
    english = translations.cache_info()
    for _time in range(2):
        with i18n.speaking("zh-CN"):
            assert i18n._("Payments") == "支付"
    assert (english.misses, translations.cache_info().misses) == (1, 2)
    assert translations("zh-CN") is translations("zh-CN")
