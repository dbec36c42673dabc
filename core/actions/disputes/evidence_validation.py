"""What evidence must be before the one submission: each rule with its own error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.errors import InvalidInput
from core.gateway.evidence_fields import (
    ANSWERABLE,
    APPEAL,
    APPEAL_FILE,
    APPEAL_REASON,
    FILES,
    TEXTS,
)
from core.gateway.snapshots import DisputeSnapshot

#: 4.5 MB of all files together; read in thousands, which is the smaller reading.
MOST_BYTES = 4_500_000
MOST_PAGES = 19
MOST_CHARACTERS = 150_000
MOST_IN_FIELD = 20_000
COUNTS_PAGES = "mastercard"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that stands in a field. `pages` is None for a document attached elsewhere; `name` is
    what it was called, None where nobody kept that; `size` is in bytes."""

    field: str
    file_id: str
    kind: str
    size: int
    pages: int | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A dispute and its evidence as Stripe has them now. `seen` tells one draft from another."""

    dispute: DisputeSnapshot
    texts: Mapping[str, str] = field(repr=False)
    files: Mapping[str, Attached]

    @property
    def appeal(self) -> bool:
        """Whether it is an appeal after a loss: Stripe takes nothing else then."""
        return self.dispute.status == APPEAL

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(one.size for one in self.files.values())

    @property
    def pages(self) -> int:
        """Pages of all files whose pages are known."""
        return sum(one.pages or 0 for one in self.files.values())

    @property
    def characters(self) -> int:
        """Characters of all texts together."""
        return sum(map(len, self.texts.values()))

    @property
    def seen(self) -> str:
        """A digest of all evidence."""
        files = {name: one.file_id for name, one in self.files.items()}
        whole = json.dumps([dict(self.texts), files], sort_keys=True).encode()
        return hashlib.sha256(whole).hexdigest()


@dataclass(frozen=True, slots=True)
class Check:
    """A rule: whether it holds, on which field it stands, and how it is said when it does not."""

    name: str
    holds: bool
    field: str
    rule: str
    values: Mapping[str, Any]


def checks(draft: Draft, now: datetime) -> tuple[Check, ...]:
    """Every rule of the submission, in the order in which they are shown."""
    return (*opening(draft.dispute, now), _something(draft), *weighing(draft))


def opening(dispute: DisputeSnapshot, now: datetime) -> tuple[Check, ...]:
    """Whether there is anything to be answered, and time left for it."""
    due = dispute.due_by
    late = dispute.past_due or (due is not None and due <= now)
    takes = dispute.status in ANSWERABLE
    rule = "takes no evidence any more: it was submitted, accepted or decided"
    return (
        Check("open", takes, "dispute", rule, {}),
        Check("in_time", not late, "due_by", "has passed: nothing can be submitted", {}),
    )


def _something(draft: Draft) -> Check:
    there = bool(draft.texts or draft.files)
    return Check("something", there, "evidence", "is empty: there is nothing to submit", {})


def weighing(draft: Draft) -> tuple[Check, ...]:
    """What all of it may come to: characters, bytes, pages."""
    long = next((name for name, text in draft.texts.items() if len(text) > MOST_IN_FIELD), None)
    in_field, in_all = {"most": MOST_IN_FIELD}, {"most": MOST_CHARACTERS}
    too_long = "has more than {most} characters"
    fits = draft.characters <= MOST_CHARACTERS
    light = draft.size <= MOST_BYTES
    found = [
        Check("field", long is None, long or "evidence", too_long, in_field),
        Check("characters", fits, "evidence", "has more than {most} characters in all", in_all),
        Check("bytes", light, "files", "have more than {most} bytes in all", {"most": MOST_BYTES}),
    ]
    if draft.dispute.card_brand == COUNTS_PAGES:
        few = draft.pages <= MOST_PAGES
        rule = "have more than {most} pages in all, and Mastercard takes no more"
        found.append(Check("pages", few, "files", rule, {"most": MOST_PAGES}))
        found.append(_counted(draft))
    return tuple(found)


def _counted(draft: Draft) -> Check:
    unknown = next((name for name, one in draft.files.items() if one.pages is None), None)
    rule = "was attached elsewhere, and its pages are not known: attach it here"
    return Check("counted", unknown is None, unknown or "files", rule, {})


def hold(found: tuple[Check, ...]) -> None:
    """Raise the `InvalidInput` of the first rule that does not hold."""
    for check in found:
        if not check.holds:
            raise InvalidInput(check.field, check.rule, **check.values)


def checked_texts(given: Any, draft: Draft) -> dict[str, str]:
    """The texts that differ from those of the draft that is kept, each within its rules.

    Stripe's API has no way to empty a field once it holds something.
    """
    if not isinstance(given, Mapping):
        raise InvalidInput("evidence", "must be an object of strings")
    changed, kept = {}, draft.texts
    for name, value in given.items():
        if name not in ((APPEAL_REASON,) if draft.appeal else TEXTS):
            raise InvalidInput(str(name)[:64], "is not a text of evidence")
        text = _readable(name, value)
        if text == kept.get(name, ""):
            continue
        if not text:
            raise InvalidInput(name, "is kept at Stripe and cannot be emptied: write it anew")
        changed[name] = text
    return changed


def _readable(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidInput(name, "must be a string")
    text = value.replace("\r\n", "\n").strip()
    if len(text) > MOST_IN_FIELD:
        raise InvalidInput(name, "has more than {most} characters", most=MOST_IN_FIELD)
    if any(not one.isprintable() and one not in "\n\t" for one in text):
        raise InvalidInput(name, "has characters that cannot be printed")
    return text


def file_fields(draft: Draft) -> tuple[str, ...]:
    """The names of the fields that take a file; an appeal has one more than it has files."""
    if not draft.appeal:
        return FILES
    return tuple(f"{APPEAL_FILE}{number}" for number in range(1, len(draft.files) + 2))


def checked_field(name: Any, draft: Draft) -> str:
    """The name of a field that holds a file."""
    if name not in file_fields(draft):
        raise InvalidInput("field", "is not a file of evidence")
    return str(name)
