"""Cursors of pages by key: what is written is read back, and old links go on working."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, create_engine, select

from core.reads.search.paging import (
    Found,
    Position,
    cut,
    page,
    read_cursor,
    rows_beyond,
    write_cursor,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PLACE = Position(NOON, "pi_3PabcDEF")
MICROS = "1795176000000000"
moments = st.integers(1, 252 * 10**15).map(
    lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)


@given(moments, st.text(max_size=100) | st.integers(0, 10**18 - 1))
def test_a_cursor_reads_back_as_the_position_that_was_written(
    moment: datetime, key: str | int
) -> None:
    place = Position(moment, key)
    assert read_cursor(write_cursor(place), type(key)) == place


@pytest.mark.parametrize(
    "kept",
    [
        base64.urlsafe_b64encode(f"{MICROS}.pi_3PabcDEF".encode()).decode().rstrip("="),
        f"{MICROS}-pi_3PabcDEF",
        f"{MICROS}.pi_3PabcDEF",
    ],
)
def test_links_with_the_cursors_of_former_versions_go_on(kept: str) -> None:
    assert read_cursor(kept, str) == PLACE


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "1.2.3", "-1.5", "9" * 30 + ".1", "1.2", "٣.٣", "9" * 18 + ".1", "MTIz", "é"],
)
def test_a_cursor_that_cannot_be_read_is_none(cursor: str) -> None:
    assert read_cursor(cursor, int) is None
    assert read_cursor(cursor, str) is None


def test_a_cursor_of_ids_is_none_for_a_list_of_numbers() -> None:
    assert read_cursor(write_cursor(PLACE), int) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 99)), unique=True, max_size=12))
def test_pages_of_any_size_give_each_row_once_and_lead_back(rows: list[tuple[int, int]]) -> None:
    """Rows with equal times too: read with `rows_beyond`, as the lists do."""
    table = Table("t", MetaData(), Column("at", DateTime), Column("key", Integer))
    engine = create_engine("sqlite://")
    table.metadata.create_all(engine)
    with engine.connect() as conn:
        for late, key in rows:
            moment = (NOON + timedelta(seconds=late)).replace(tzinfo=None)
            conn.execute(table.insert().values(at=moment, key=key))

        def find(start: Position[int] | None, older: bool, limit: int) -> Found[int]:
            asked = select(table).limit(limit)
            if start is not None:
                plain = Position(start.moment.replace(tzinfo=None), start.key)
                asked = asked.where(rows_beyond(table.c.at, table.c.key, plain, older=older))
            order = (table.c.at, table.c.key)
            found = conn.execute(asked.order_by(*(o.desc() for o in order) if older else order))
            return Found(tuple(Position(at.replace(tzinfo=UTC), key) for at, key in found))

        pages = [page(find, int, cursor=None, older=True, limit=3)]
        while pages[-1].older:
            pages.append(page(find, int, cursor=pages[-1].older, older=True, limit=3))
        newest = sorted(((late, key) for late, key in rows), reverse=True)
        assert [key for one in pages for key in one.keys] == [key for _, key in newest]
        for before, after in pairwise(pages):
            assert page(find, int, cursor=after.newer, older=False, limit=3).keys == before.keys


def test_a_page_is_cut_where_a_further_row_was_read() -> None:
    assert cut([1, 2, 3], 2) == ([1, 2], 2)
    assert cut([1, 2], 2) == ([1, 2], None)
