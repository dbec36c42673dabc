"""Random operator searches: ours, planned by counts, beside plain SQL with an index per filter."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, text
from sqlalchemy.exc import OperationalError

from benchmarks import generate
from benchmarks.dataset import plain_payments
from benchmarks.report import row
from core.db.engine import is_sqlite
from core.db.tables import balance_transactions
from core.reads.payments import list as payment_list
from core.reads.payments.list import UTC_ZONE, parse
from core.reads.search.amounts import Amounts
from core.reads.search.paging import Position, write_cursor
from core.reads.search.payments.fields import Match
from core.reads.search.payments.filters import Filters, resolve

SEARCHES = 300
#: So many of them also run as plain SQL, and must find the same.
COMPARED = 60
#: Plain SQL is stopped here: it may take minutes, and has lost by then.
PATIENCE_MS = 5_000
NOW = datetime(2026, 11, 21, tzinfo=UTC)

_STATES = ["failed", "succeeded", "refunded", "disputed", "canceled", "requires_action", "open"]


def some_searches(number: int, size: int, seed: int = 3) -> list[tuple[str, datetime | None]]:
    """Texts to search for, and where to start: 40 % on a page deep in the past."""
    pick = random.Random(seed)
    found = []
    for _ in range(number):
        makers = pick.sample([*_MAKERS, _facet], 3)
        terms = {make(pick, size) for make in makers[: pick.choice([1, 1, 2, 2, 3])]}
        back = timedelta(days=pick.randrange(30, 900)) if pick.random() < 0.4 else None
        found.append((" ".join(sorted(terms)), NOW - back if back else None))
    return found


def _facet(pick: random.Random, size: int) -> str:
    return pick.choice(
        [
            f"status:{pick.choice(_STATES)}",
            f"currency:{pick.choice(list(generate.CURRENCIES))}",
            f"method:{pick.choice(list(generate.METHODS))}",
            f"risk:{pick.choice(['high', 'normal', 'highest'])}",
            f"dispute:{pick.choice(['open', 'none'])}",
        ]
    )


def _email(pick: random.Random, size: int) -> str:
    name = pick.choice(generate.NAMES)
    user = int(pick.random() ** 3 * size / 8)
    return f"email:{pick.choice([name[:3], f'{name}.', f'{name}.{user % 100}'])}*"


def _last4(pick: random.Random, size: int) -> str:
    return f"last4:{pick.randrange(10_000):04}"


def _amount(pick: random.Random, size: int) -> str:
    low = pick.choice([1, 10, 50, 136, 500, 2000, 20_000])
    return pick.choice([f"amount:>{low}", f"amount:<{low}", f"amount:{low}..{low + 5}"])


def _order(pick: random.Random, size: int) -> str:
    return f"order:{pick.randrange(size)}"


def _days(pick: random.Random, size: int) -> str:
    day = (NOW - timedelta(days=pick.randrange(1, 1000))).date()
    return pick.choice([f"created:>{day}", f"created:<{day}", f"created:{day}"])


def _name(pick: random.Random, size: int) -> str:
    return f"name:{pick.choice([pick.choice(generate.NAMES), pick.choice(generate.SURNAMES)])}"


def _word(pick: random.Random, size: int) -> str:
    """A word without a field: a name, a code, or an amount."""
    low = pick.choice([7, 54, 2000])
    words = [pick.choice(generate.NAMES), pick.choice(generate.SURNAMES), f"{low}.{low % 10}0"]
    return pick.choice([*words, str(low), pick.choice(list(generate.DECLINES))])


def _payout(pick: random.Random, size: int) -> str:
    day = (NOW - timedelta(days=pick.randrange(1, 1000))).date()
    return f"id:po_{day}_{pick.choice(list(generate.CURRENCIES))}"


_MAKERS = (_facet, _email, _last4, _amount, _order, _days, _name, _word, _payout)


def search_rows(conn: Connection, size: int) -> list[dict[str, Any]]:
    """95th percentile and share within 20 ms of ours; the same searches as plain SQL."""
    searches = some_searches(SEARCHES, size)
    ours = [min(_ours(conn, *search)[0] for _ in range(2)) for search in searches]
    plain = []
    for search in searches[:COMPARED]:
        took, found = _plain(conn, *search)
        plain.append(took)
        page = _ours(conn, *search)[1]
        ids = [one.stripe_id for one in page.rows]
        if found is not None and not page.partial:
            assert ids == found, f"search differs from plain SQL: {search}"
    counted = [_ours(conn, *search, with_count=True)[0] for search in searches]
    p95, theirs = _percentile(ours, 0.95), _percentile(plain, 0.95)
    inside = sum(took <= 20 for took in ours) / len(ours)
    ratio = 10 if size >= 10_000_000 else None
    return [
        row("search p50, ms", _percentile(ours, 0.5), _percentile(plain, 0.5)),
        row(
            "search p95, ms (baseline: plain SQL, an index per filter)",
            p95,
            theirs,
            at_least=ratio,
            at_most=20,
        ),
        row("searches within 20 ms, share", inside, floor=0.99),
        row("search, slowest, ms", max(ours), max(plain)),
        row("search and its count p95, ms", _percentile(counted, 0.95)),
    ]


def _percentile(taken: list[float], share: float) -> float:
    return sorted(taken)[min(int(len(taken) * share), len(taken) - 1)]


def _ours(
    conn: Connection, words: str, start: datetime | None, *, with_count: bool = False
) -> tuple[float, Any]:
    began = time.perf_counter()
    cursor = write_cursor(Position(start, "")) if start else None
    asked = {"query": parse(words), "livemode": True, "now": NOW, "with_count": with_count}
    page = payment_list.page(conn, cursor=cursor, **asked)
    return (time.perf_counter() - began) * 1000, page


def _plain(conn: Connection, words: str, start: datetime | None) -> tuple[float, list[str] | None]:
    """Time and ids of the usual SELECT; no ids when it was stopped for taking too long."""
    table = plain_payments()
    filters = resolve(parse(words), livemode=True, zone=UTC_ZONE, now=NOW)
    tests = [table.c.livemode == True, *_tests(table, filters)]  # noqa: E712 # SQL
    if start is not None:
        tests.append(table.c.created_at < start)
    newest = [table.c.created_at.desc(), table.c.stripe_id.desc()]
    asked = select(table).where(*tests).order_by(*newest).limit(50)
    began = time.perf_counter()
    try:
        with _patience(conn):
            ids = [found.stripe_id for found in conn.execute(asked)]
    except OperationalError:
        return float(PATIENCE_MS), None
    return (time.perf_counter() - began) * 1000, ids


class _patience:  # noqa: N801 # reads as a word in a with statement
    """Stops a statement that takes longer than `PATIENCE_MS`."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def __enter__(self) -> None:
        if is_sqlite(self._conn):
            until = time.perf_counter() + PATIENCE_MS / 1000
            driver: Any = self._conn.connection.driver_connection
            driver.set_progress_handler(lambda: time.perf_counter() > until, 10_000)
        else:
            self._conn.execute(text(f"SET max_statement_time = {PATIENCE_MS / 1000}"))

    def __exit__(self, *_error: object) -> None:
        if is_sqlite(self._conn):
            driver: Any = self._conn.connection.driver_connection
            driver.set_progress_handler(None, 0)
        else:
            self._conn.execute(text("SET max_statement_time = 0"))


def _tests(table: Any, filters: Filters) -> list[Any]:
    names = {"method": "method_type", "dispute": "dispute_outcome"}
    tests = [
        or_(*(table.c[names.get(column, column)] == value for column, value in test.any_of))
        for test in filters.facets
    ]
    for times in filters.times:
        for since, until in times.ranges:
            tests += [table.c.created_at >= since] if since else []
            tests += [table.c.created_at < until] if until else []
    tests += [_amounts(table, test.ranges[0]) for test in filters.amounts]
    for test in filters.matches:
        ways = [_match(table, match) for match in test.any_of]
        tests.append(or_(*ways, *(_amounts(table, one) for one in test.amounts)))
    return tests


def _match(table: Any, match: Match) -> Any:
    if match.column == "payouts":
        paid = balance_transactions.c
        return table.c.stripe_id.in_(select(paid.payment_id).where(paid.payout_id == match.value))
    if match.column == "name":
        name = func.lower(table.c.customer_name)
        return or_(name.like(f"{match.value} %"), name.like(f"% {match.value}"))
    if match.column == "error":
        return or_(table.c.failure_code == match.value, table.c.decline_code == match.value)
    column = table.c[match.column]
    above = and_(column >= match.value, column < match.value + "\U0010ffff")
    return above if match.prefix else column == match.value


def _amounts(table: Any, amounts: Amounts) -> Any:
    exponents = {"jpy": 0, "kwd": 3}
    groups = {0: ["jpy"], 2: [c for c in generate.CURRENCIES if c not in exponents], 3: ["kwd"]}
    return or_(
        *(
            and_(table.c.currency.in_(codes), table.c.amount_minor.between(*amounts.minor(digits)))
            for digits, codes in groups.items()
        )
    )
