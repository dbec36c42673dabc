"""The words that payments are found by: the same as their rows say, whatever happened to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert, select, text

from core.db import migrate
from core.db.engine import open_engine, reading, writing
from core.db.tables import payment_words, payments
from core.db.upsert import upsert
from core.emulator.server import RunningEmulator, start_emulator
from core.ledger import payment_words as words
from core.mirror import payments as mirror_payments
from core.mirror.rollups import differences, rebuild_all
from core.search_words import entries, in_line, of_name
from tests.support.account_mirror import connect
from tests.support.factories import NOON, UTC_ZONE, add_payments, fresh_engine, paid, payment_row


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    folder = tmp_path_factory.mktemp("words")
    with start_emulator(state_path=folder / "emulator.db", seed=31) as running:
        running.history(days=6, per_day=25, seed=8)
        yield running


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = fresh_engine(database_url)
    yield made
    made.dispose()


def kept(engine: Engine) -> set[tuple[Any, ...]]:
    with reading(engine) as conn:
        return {tuple(row) for row in conn.execute(select(payment_words))}


def wanted(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {
        (
            *(kind, word, row["livemode"], row["created_at"]),
            *(row["stripe_id"], row["facet"], row["amount_minor"]),
        )
        for row in rows
        for kind, word in entries(row)
    }


NAMES = st.sampled_from([None, "", "Ada Lovelace", "ADA LOVELACE", "Ada Byron", "Müller", "王小明"])
CODES = st.sampled_from([None, "card_declined", "insufficient_funds", "expired_card"])
STATES = st.fixed_dictionaries(
    {
        "customer_name": NAMES,
        "failure_code": CODES,
        "decline_code": CODES,
        "livemode": st.booleans(),
        "facet": st.integers(1, 3),
        "amount_minor": st.sampled_from([100, 200]),
        "created_at": st.sampled_from([NOON, NOON.replace(hour=1)]),
    }
)


def test_words_follow_their_payment_through_any_changes(engine: Engine) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(STATES, min_size=2, max_size=2), min_size=1, max_size=4))
    def check(history: list[list[dict[str, Any]]]) -> None:
        rows = [payment_row() for _ in range(2)]
        with writing(engine) as conn:
            conn.execute(delete(payment_words))
            conn.execute(delete(payments))
            conn.execute(payments.insert(), rows)
            words.follow_payments(conn, rows, {})
        for states in history:
            then = {row["stripe_id"]: row for row in rows}
            rows = [row | state for row, state in zip(rows, states, strict=True)]
            with writing(engine) as conn:
                upsert(conn, payments, rows)
                words.follow_payments(conn, rows, then)
            assert kept(engine) == wanted(rows)
            with reading(engine) as conn:
                assert words.kept(conn) == words.true(conn)

    check()


def test_the_same_words_twice_change_nothing(engine: Engine) -> None:
    with writing(engine) as conn:
        row = paid(conn, customer_name="Ada Lovelace")
        before = conn.execute(select(payment_words)).all()
        words.follow_payments(conn, [row], {})
        assert conn.execute(select(payment_words)).all() == before


@pytest.mark.parametrize("fault", ["missing", "more", "mode", "facet", "amount_minor"])
def test_a_word_that_its_payment_does_not_say_is_found_and_mended(
    engine: Engine, fault: str
) -> None:
    with writing(engine) as conn:
        row = paid(conn, customer_name="Ada Lovelace")
        paid(conn, failure_code="card_declined", status="requires_payment_method")
        if fault == "missing":
            conn.execute(delete(payment_words).where(payment_words.c.word == "ada"))
        if fault == "more":
            spare = {"kind": "name", "word": "bob", "livemode": False, "facet": row["facet"]}
            spare |= {name: row[name] for name in ("created_at", "stripe_id", "amount_minor")}
            conn.execute(insert(payment_words).values(spare))
        if fault == "mode":
            conn.execute(payment_words.update().values(livemode=True))
        if fault in ("facet", "amount_minor"):
            conn.execute(payment_words.update().values({fault: 7}))
    found = [one for one in differences(engine) if one.table == "payment_words"]
    assert found
    rebuild_all(engine, UTC_ZONE)
    assert differences(engine) == []
    assert kept(engine) == wanted(read(engine))


def read(engine: Engine) -> list[dict[str, Any]]:
    with reading(engine) as conn:
        return [dict(row) for row in conn.execute(select(payments)).mappings()]


def test_what_the_mirror_writes_is_found_by_its_words(
    emulator: RunningEmulator, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: a mirror that writes no words is told by the verification."""
    spine = connect(emulator, database_url)
    spine.sync(days=30)
    rows = read(spine.engine)
    assert any(row["customer_name"] for row in rows)
    assert any(row["decline_code"] for row in rows)
    assert kept(spine.engine) == wanted(rows)
    assert differences(spine.engine) == []
    monkeypatch.setattr(mirror_payments.payment_words, "follow_payments", lambda *_: None)
    with writing(spine.engine) as conn:
        conn.execute(delete(payments))
        conn.execute(delete(payment_words))
    spine.sync(days=30)
    assert "payment_words" in {one.table for one in differences(spine.engine)}
    spine.engine.dispose()


def test_a_database_that_had_payments_before_finds_them_too(empty_url: str) -> None:
    """The migration reads them all, and may be run again after it was cut short."""
    engine = open_engine(empty_url)
    migrate.upgrade(engine)
    with writing(engine) as conn:
        rows = [
            payment_row(
                customer_name=["Ada Lovelace", None, "王小明"][n % 3],
                decline_code="insufficient_funds" if n % 5 == 0 else None,
                livemode=n % 2 == 0,
            )
            for n in range(40)
        ]
        add_payments(conn, rows)
        conn.execute(delete(payment_words).where(payment_words.c.word == "ada"))
        conn.execute(text("UPDATE alembic_version SET version_num = '0014'"))
    migrate.upgrade(engine)
    assert kept(engine) == wanted(rows)
    engine.dispose()


@given(st.text(max_size=300))
def test_any_name_has_few_short_words_that_find_it(name: str) -> None:
    found = of_name(name)
    assert len(found) <= 8
    assert all(0 < len(word) <= 64 and not word.isspace() for word in found)
    if len(in_line(name)) == 1:
        assert set(in_line(name)) <= found
