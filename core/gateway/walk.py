"""Walking a list of Stripe's page by page, from any place, to its end: without loss or circles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from core.errors import MalformedObject, StripeRefused
from core.gateway.readings import Listed

P = TypeVar("P", bound=Listed)

#: So often a walk may find the object gone behind which it was to go on, at one and the same time.
_LOST = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk stands: behind the object `after`, among those made at `until` or before.

    `seen` is the earliest time that it came to. Both times are Stripe's, in seconds.
    """

    after: str | None = None
    until: int | None = None
    seen: int | None = None

    def kept(self) -> dict[str, Any]:
        """The place as a cursor keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Place:
        """The place that a cursor kept."""
        return cls(kept.get("after"), kept.get("until"), kept.get("seen"))

    def created(self, floor: int) -> dict[str, int]:
        """Stripe's filter for what is left from here on, down to a time."""
        return {"gte": floor} | ({} if self.until is None else {"lte": self.until})

    def behind(self, page: Listed) -> Place:
        """The place behind a page that was read from here."""
        seen = self.seen if page.oldest is None else page.oldest
        if page.last_id is not None:
            return Place(page.last_id, self.until, seen)
        return Place(None, seen, seen)


def walk(read: Callable[[Place, bool], P], place: Place | None = None) -> Iterator[tuple[P, Place]]:
    """Every page from a place to the list's end, each with the place behind it.

    `read` reads the page at a place; its second argument says that Stripe does not give what
    would come along with it. The object behind which the walk was to go on may be deleted by
    then: it goes on by the time that it came to, and reads some objects twice. Raises the errors
    of `read`, and `MalformedObject` of a list that does not get on.
    """
    here, plain, lost = place or Place(), False, 0
    while True:
        try:
            page = read(here, plain)
        except StripeRefused as error:
            if here.after is None or error.param != "starting_after":
                raise
            lost = lost + 1 if here.until == here.seen else 1
            if lost > _LOST:
                raise
            here = Place(None, here.seen, here.seen)
            continue
        plain, behind = plain or page.plain, here.behind(page)
        yield page, behind
        if not page.has_more:
            return
        if behind == here:
            raise MalformedObject("a list has more, and does not say what comes after its page")
        here = behind
