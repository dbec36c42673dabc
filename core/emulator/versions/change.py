"""One change of Stripe's API between two versions, as its changelog tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.emulator.state.errors import ApiError
from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import Context

#: Reads the parameters of an older request in today's words, in place.
Request = Callable[[dict[str, Any]], None]
#: Says an object, a copy, in the words of before the change, in place.
Answer = Callable[[Context, Obj], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A change applies to requests and answers of versions before `version`."""

    version: str
    #: Where Stripe tells of it, below docs.stripe.com/changelog/.
    page: str
    #: Entries of `params.json` → parameters that they had before, in the form of that table.
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: The error for such a parameter since then; an unknown parameter where there is none.
    refusal: Callable[[str], ApiError] | None = None
    #: Entries of `params.json` → how an older request is read.
    requests: Mapping[str, Request] = field(default_factory=dict)
    #: Kinds of objects → how they were before.
    answers: Mapping[str, Answer] = field(default_factory=dict)
