"""Every word on the screens has its Chinese; figures and times follow the language."""

import ast
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboard import i18n

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
WHEN = datetime(2026, 11, 3, 23, 5, 9, tzinfo=UTC)


#: How many of the arguments are texts.
TEXTS = {"_": 1, "N_": 1, "ngettext": 2, "pgettext": 2, "npgettext": 3}


def glued(source: str) -> list[int]:
    """Lines where a text to translate is made at run time, so that no catalogue can have it.

    `_` alone may take a variable: a text that `N_` marked. In an f-string a text is not extracted.
    """
    found = []
    tree = ast.parse(source)
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    within = {inner for node in strings for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        name = node.func.id
        for text in node.args[: TEXTS.get(name, 0)]:
            is_made = isinstance(text, ast.JoinedStr | ast.BinOp)
            is_hidden = node in within and isinstance(text, ast.Constant)
            if is_made or is_hidden or (name != "_" and not isinstance(text, ast.Constant)):
                found.append(node.lineno)
    return found


def test_no_text_is_glued_from_parts():
    sources = {path.name: path.read_text(encoding="utf-8") for path in FILES}
    assert {name: glued(text) for name, text in sources.items() if glued(text)} == {}


@pytest.mark.parametrize(
    "source",
    [
        *('_(f"{n} more")', '_("a" + b)', "N_(text)", 'ngettext("{n} row", many, n)'),
        "f\"{_('Open')} now\"",
    ],
)
def test_a_text_that_is_glued_would_be_seen(source):
    assert glued(source) == [1]


def test_the_language_is_the_one_asked_for():
    assert i18n._("Payments") == "Payments"
    with i18n.speaking("zh-CN"):
        assert i18n._("Payments") == "支付"
        with i18n.speaking("en"):
            assert i18n._("Payments") == "Payments"
        assert i18n.language() == "zh-CN"
    assert i18n.language() == "en"


def test_a_text_without_translation_stays_english():
    with i18n.speaking("zh-CN"):
        assert i18n._("No such text, ever") == "No such text, ever"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("zh-CN", "zh-CN"),
        ("zh_Hans_CN", "zh-CN"),
        ("zh", "zh-CN"),
        ("en-GB", "en"),
        ("fr-FR,zh;q=0.5,en;q=0.3", "zh-CN"),
        ("de", "en"),
        ("", "en"),
        (None, "en"),
        (",;q=,,", "en"),
        ("en;q=0.1, zh-Hans-CN;q=0.9", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=nan", "en"),
        ("*", "en"),
    ],
)
def test_a_browsers_wish_becomes_a_language_we_have(wanted, spoken):
    assert i18n.match(wanted) == spoken


def test_times_and_figures_follow_the_language():
    zone = ZoneInfo("Asia/Shanghai")
    assert i18n.moment(WHEN, zone) == "Nov 4, 07:05:09"
    assert i18n.percent(Fraction(34, 1000)) == "3.4%"
    assert i18n.number(1234567) == "1,234,567"
    with i18n.speaking("zh-CN"):
        assert i18n.moment(WHEN, zone) == "11月4日 07:05:09"
        assert i18n.day(date(2026, 11, 4)) == "2026年11月4日"
        assert i18n.ago(600) == "10 分钟前"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s ago"),
        (0, "0 s ago"),
        (89, "89 s ago"),
        (90, "1 min ago"),
        (5400, "1 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_an_age_is_said_in_its_largest_unit(seconds, said):
    assert i18n.ago(seconds) == said
