"""The catalogues as Babel reads them, for tests that ask what is translated."""

from collections.abc import Iterable

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from dashboard.i18n.catalogue import catalogue_path

#: A text as the catalogue finds it: its context, and its forms in English (one or two).
Key = tuple[str | None, tuple[str, ...]]


def catalogue(language: str) -> Catalog:
    with catalogue_path(language).open("rb") as file:
        return read_po(file, abort_invalid=True)


def entries(language: str) -> dict[Key, Message]:
    return {
        (entry.context, (entry.id,) if isinstance(entry.id, str) else tuple(entry.id)): entry
        for entry in catalogue(language)
        if entry.id
    }


def translated(entry: Message) -> tuple[str, ...]:
    """The forms in the other language: one, or as many as its plural has."""
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string)


def untranslated(texts: Iterable[str], language: str = "zh-CN") -> set[str]:
    """Which of these texts, without context or count, the catalogue does not translate."""
    known = entries(language)
    return {
        text
        for text in texts
        if (None, (text,)) not in known or not all(translated(known[None, (text,)]))
    }
