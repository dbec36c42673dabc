"""What README and the guides say is there: pictures, names on screens, links; in both languages."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from tests.support import pictures
from tests.support.translations import entries, translated

ROOT = Path(__file__).parents[1]
GUIDES = ROOT / "docs" / "guides"
ENGLISH = sorted(GUIDES.glob("*.md"))
CHINESE = GUIDES / "zh-CN"
#: Each English page and its Chinese one.
PAIRS = [(ROOT / "README.md", ROOT / "README.zh-CN.md")]
PAIRS += [(page, CHINESE / page.name) for page in ENGLISH]
PAGES = [page for pair in PAIRS for page in pair] + [ROOT / "docs" / "guide.md"]

_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_FENCED = re.compile(r"^```[\s\S]*?^```$|(?:^ {4}.*\n)+", re.MULTILINE)
_TARGET = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_PLACE = re.compile(r"\\{\w+\\}")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def targets(page: Path) -> list[str]:
    return [one or other for one, other in _TARGET.findall(text(page))]


def sections(page: Path) -> list[tuple[int, str]]:
    """Each heading's level, and what stands under it."""
    parts = re.split(r"^(#+) .+$", _FENCED.sub("", text(page)), flags=re.MULTILINE)
    return list(zip(map(len, parts[1::2]), parts[2::2], strict=True))


def labels(said: str) -> list[str]:
    return [" ".join(label.split()) for label in _BOLD.findall(said)]


@cache
def words() -> dict[str, set[str]]:
    """The texts of screens, and what each is in Chinese: several where a context says which."""
    found: dict[str, set[str]] = {}
    for (_context, forms), entry in entries("zh-CN").items():
        for form in forms:
            found.setdefault(form, set()).update(translated(entry))
    return found


@cache
def templates() -> list[tuple[re.Pattern[str], str]]:
    """Texts with places in them, each as what it may look like on a screen."""
    texts = [one for one in words() if len(re.sub(r"{\w+}", "", one)) > 8 and "{" in one]
    return [(re.compile(_PLACE.sub("(.+)", re.escape(one))), one) for one in texts]


def in_chinese(label: str) -> set[str]:
    """What a name on a screen may be in Chinese; nothing where no screen has it."""
    if label in words():
        return words()[label]
    for shape, told in templates():
        if found := shape.fullmatch(label):
            (chinese,) = words()[told]
            for value in found.groups():
                chinese = re.sub(r"{\w+}", lambda _place, v=value: v, chinese, count=1)
            return {chinese}
    return set()


def test_every_picture_is_named_and_every_named_picture_is_there():
    assert {path.stem for path in pictures.PICTURES.iterdir()} == pictures.named()
    assert {pictures.shot(one).screen for one in pictures.named()} == set(pictures.SCREENS)


def test_pictures_can_be_taken_are_as_wide_as_they_say_and_not_large():
    sizes = []
    for one in map(pictures.shot, sorted(pictures.named())):
        path = pictures.PICTURES / f"{one.name}.png"
        with Image.open(path) as image:
            assert image.size == (one.width, pictures.HEIGHTS[one.width]), one.name
        sizes.append(path.stat().st_size)
    assert max(sizes) <= pictures.LARGEST
    assert sum(sizes) <= pictures.ALL_TOGETHER


@pytest.mark.parametrize("spare", ["nowhere_1440", "payments", "payments_800", "payments_1440_fr"])
def test_a_picture_of_no_screen_is_refused(spare):
    with pytest.raises(ValueError, match=spare):
        pictures.shot(spare)


class Shown:
    """A page of a browser on which these texts are found, by selector."""

    def __init__(self, **texts: list[str]) -> None:
        self.texts = texts

    def on(self, *_listener: object) -> None:
        """Nothing happens here."""

    remove_listener = on

    def locator(self, selector: str) -> Shown:
        """What of it a selector finds: a title, or errors."""
        return Shown(found=self.texts.get("h1" if selector == "h1" else "errors", []))

    def count(self) -> int:
        return len(self.texts["found"])

    def all_inner_texts(self) -> list[str]:
        return self.texts["found"]


@pytest.mark.parametrize(
    ("page", "said"),
    [(Shown(h1=["Home"], errors=["KeyError"]), "KeyError"), (Shown(), "no title")],
)
def test_a_page_with_an_error_makes_no_picture(page, said):
    with pytest.raises(SystemExit, match=said), pictures.without_error(page, "home_1440"):
        pass


def test_a_page_without_an_error_makes_one():
    with pictures.without_error(Shown(h1=["Home"]), "home_1440"):
        pass


@pytest.mark.parametrize("page", ENGLISH, ids=name)
def test_guides_name_what_screens_have(page):
    found = labels(text(page))
    assert found
    assert [label for label in found if not in_chinese(label)] == []


def test_a_name_that_no_screen_has_would_be_seen():
    assert in_chinese("Save the universe") == set()
    assert in_chinese("Approve: refund $1.00 USD") == {"批准：退款 $1.00 USD"}


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: page.name)
def test_both_languages_have_the_same_parts_commands_and_names(english, chinese):
    one, other = sections(english), sections(chinese)
    assert [level for level, _said in one] == [level for level, _said in other]
    assert _FENCED.findall(text(english)) == _FENCED.findall(text(chinese))
    for (_level, said), (_same, told) in zip(one, other, strict=True):
        assert Counter(_CODE.findall(said)) == Counter(_CODE.findall(told))
        assert said.count("\n| ") == told.count("\n| ")
        left = Counter(labels(told))
        for label in labels(said):
            (found,) = in_chinese(label) & left.keys() or {f"{label}: not in {chinese.name}"}
            left[found] -= 1
        assert {label: count for label, count in left.items() if count} == {}


def resolved(page: Path) -> Counter[str]:
    """Where a page leads, in words that are those of both languages."""
    found = []
    for target in targets(page):
        path = target.partition("#")[0]
        if "://" not in target and path:
            path = name((page.parent / path).resolve())
        for chinese, english in (("zh-CN/", ""), (".zh-CN.md", ".md"), ("_zh.png", ".png")):
            path = path.replace(chinese, english)
        found.append(path)
    return Counter(found)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: page.name)
def test_both_languages_lead_to_the_same_places(english, chinese):
    assert resolved(english) == resolved(chinese)
    assert str(chinese.relative_to(english.parent)) in targets(english)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_pages_and_headings_that_exist(page):
    for target in targets(page):
        if "://" in target:
            continue
        path, _hash, anchor = target.partition("#")
        led = (page.parent / path).resolve() if path else page
        assert led.exists(), target
        if anchor:
            heads = {
                re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
                for _level, head in _HEADING.findall(text(led))
            }
            assert anchor in heads, target
