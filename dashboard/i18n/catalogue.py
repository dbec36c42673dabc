"""The catalogues: a `.po` file is read by Babel, compiled in memory and asked through `gettext`."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

CATALOGUES = Path(__file__).with_name("locale")


def catalogue_path(language: str) -> Path:
    """Where the translations of a language stand."""
    return CATALOGUES / language.replace("-", "_") / "LC_MESSAGES" / "tillwatch.po"


@cache
def translations(language: str) -> NullTranslations:
    """What translates into a language; English is the source itself.

    Read when it is first asked for, and once a process: 30 ms that a process which shows nothing
    in Chinese never spends.
    """
    if language == "en":
        return NullTranslations()
    with catalogue_path(language).open("rb") as file:
        found = read_po(file, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return GNUTranslations(compiled)
