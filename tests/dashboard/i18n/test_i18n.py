"""Every word on the screens has its Chinese; figures and times follow the language."""

import ast
import re
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from dashboard import i18n

ROOT = Path(__file__).parents[3]
FILES = sorted([*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
PLACE = re.compile(r"{\w+}")
WHEN = datetime(2026, 11, 3, 23, 5, 9, tzinfo=UTC)


def marked(path: Path) -> dict[str, int]:
    """Each text that a file marks for translation, with its line; no other argument is allowed."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if named and node.func.id in ("_", "N_") and isinstance(node.args[0], ast.Constant):
            found[node.args[0].value] = node.lineno
    return found


def glued(path: Path) -> list[int]:
    """Lines where a text to translate is made at run time, so that no catalogue can have it."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "N_")
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]


TEXTS = {text: f"{path.name}:{line}" for path in FILES for text, line in marked(path).items()}


@pytest.mark.parametrize("language", [name for name in i18n.LANGUAGES if name != "en"])
def test_every_text_has_a_translation(language):
    known = i18n.catalogue(language)
    assert {text: where for text, where in TEXTS.items() if not known.get(text)} == {}


@pytest.mark.parametrize("language", [name for name in i18n.LANGUAGES if name != "en"])
def test_translations_keep_their_places(language):
    for text, translated in i18n.catalogue(language).items():
        assert sorted(PLACE.findall(text)) == sorted(PLACE.findall(translated)), text


def test_no_translation_is_left_over():
    known = {path.parent.parent.name: path for path in i18n.CATALOGUES.rglob("*.po")}
    for path in known.values():
        with path.open("rb") as file:
            entries = [e for e in read_po(file) if e.id]
        spare = {str(e.id) for e in entries if "core" not in e.flags} - TEXTS.keys()
        assert {text for text in spare if not _from_core(text)} == set()


def _from_core(text: str) -> bool:
    """Rules of input errors are written in core, which knows no language."""
    sources = (ROOT / "core").rglob("*.py")
    return any(f'"{text}"' in path.read_text(encoding="utf-8") for path in sources)


def test_no_text_is_glued_from_parts():
    assert {path.name: glued(path) for path in FILES if glued(path)} == {}


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
