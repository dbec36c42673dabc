"""Lists: one form of each value, expiry, and files that come in whole or not at all."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from core import clock
from core.access.principals import Caller
from core.actions.exports import csv_writer
from core.actions.fraud import list_entries, list_import
from core.actions.fraud.list_entries import NewEntry
from core.db.engine import reading, writing
from core.db.tables import list_entries as table
from core.errors import InvalidInput, NotFound
from core.risk import lists
from tests.support.fixtures_access import audited, person

HEAD = "kind,field,value,reason,expires\n"


@pytest.fixture
def risk(console):
    return Caller(person(console, "risk"))


def kept(console):
    with reading(console.engine) as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def on(console, **values):
    with reading(console.engine) as connection:
        return lists.listed(connection, values, at=clock.now())


def test_a_value_stands_in_one_form_and_is_found(console, context, risk):
    assert list_entries.add(context, risk, NewEntry("block", "ip", "203.0.113.7/24", "bots")) == (
        "203.0.113.0/24"
    )
    list_entries.add(context, risk, NewEntry("allow", "email", "Shop.Example", "ours"))
    assert on(console, ip="203.0.113.200", email="x@mail.shop.example") == {
        ("block", "ip"),
        ("allow", "email"),
    }
    (row, _) = kept(console)
    assert (row.added_by, row.reason) == (risk.actor, "bots")
    assert [one.target for one in audited(console, "list.add")] == ["block ip", "allow email"]


def test_put_there_again_it_keeps_its_start_and_once_expired_it_begins_anew(console, context, risk):
    list_entries.add(context, risk, NewEntry("block", "card", "fp_1", "stolen"))
    (first,) = kept(console)
    until = clock.now() + timedelta(hours=1)
    list_entries.add(context, risk, NewEntry("block", "card", "fp_1", "stolen twice", until))
    (second,) = kept(console)
    assert (second.created_at, second.reason) == (first.created_at, "stolen twice")
    with writing(console.engine) as connection:
        connection.execute(table.update().values(expires_at=clock.now() - timedelta(hours=1)))
    list_entries.add(context, risk, NewEntry("block", "card", "fp_1", "back"))
    (third,) = kept(console)
    assert third.created_at > first.created_at
    assert third.expires_at is None


def test_an_entry_is_taken_off_once(console, context, risk):
    list_entries.add(context, risk, NewEntry("block", "user", "42", "caught"))
    (row,) = kept(console)
    list_entries.remove(context, risk, row.id)
    assert kept(console) == []
    with pytest.raises(NotFound):
        list_entries.remove(context, risk, row.id)
    assert len(audited(console, "list.remove")) == 1


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (NewEntry("ban", "ip", "203.0.113.7", "x"), "kind"),
        (NewEntry("block", "phone", "1", "x"), "field"),
        (NewEntry("block", "ip", "203.0.113", "x"), "value"),
        (NewEntry("block", "country", "Germany", "x"), "value"),
        (NewEntry("block", "user", "", "x"), "value"),
        (NewEntry("block", "user", "42", ""), "reason"),
        (NewEntry("block", "user", "42", "x", datetime(2020, 1, 1, tzinfo=UTC)), "expires"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(console, context, risk, entry, field):
    with pytest.raises(InvalidInput) as error:
        list_entries.add(context, risk, entry)
    assert error.value.field == field
    assert kept(console) == []


def test_a_file_comes_in_whole(console, context, risk):
    text = HEAD + (
        "block,ip,2001:db8::/32,bots,\n"
        '\nallow,email,ada@shop.example,"ours, truly",2999-12-31\n'
        "block,country,de,test,2999-01-01T10:00:00+02:00\n"
    )
    assert list_import.import_text(context, risk, text) == 3
    network, address, country = kept(console)
    assert (network.value, network.expires_at) == ("2001:db8::/32", None)
    assert (address.reason, address.expires_at) == ("ours, truly", datetime(3000, 1, 1, tzinfo=UTC))
    assert (country.value, country.expires_at) == ("DE", datetime(2999, 1, 1, 8, tzinfo=UTC))
    assert [one.details for one in audited(console, "list.import")] == ['{"entries":3}']


@pytest.mark.parametrize(
    ("lines", "field", "rule"),
    [
        ("", "file", "no entries"),
        ("block,ip,203.0.113.7,ok,\nblock,ip,203.0.113,no,\n", "line 3, value", "must be an IP"),
        ("block,ip,203.0.113.7,ok\n", "line 2", "5 columns"),
        ("ban,ip,203.0.113.7,ok,\n", "line 2, kind", "must be one of block, allow"),
        ("block,user,7,ok,tomorrow\n", "line 2, expires", "must be a day"),
        ("block,user,7,ok,9999-12-31\n", "line 2, expires", "must be a day"),
        ("block,user,7,ok,2020-01-01\n", "line 2, expires", "must lie in the future"),
        ("block,user,7,{x},\nblock,user,7,two,\n", "line 3", "the same as line 2"),
        ('block,user,"7,ok,\n', "line 2", "is no CSV"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_comes_in(console, context, risk, lines, field, rule):
    with pytest.raises(InvalidInput) as error:
        list_import.import_text(context, risk, HEAD + lines)
    assert error.value.field == field
    assert rule in error.value.rule
    assert kept(console) == []


def test_a_file_has_its_columns_and_a_most_of_entries(console, context, risk, monkeypatch):
    with pytest.raises(InvalidInput, match="line 1: must be kind,field"):
        list_import.import_text(context, risk, "value\nx\n")
    monkeypatch.setattr(list_import, "MOST", 2)
    lines = "".join(f"block,user,{n},x,\n" for n in range(3))
    with pytest.raises(InvalidInput, match="at most 2"):
        list_import.import_text(context, risk, HEAD + lines)
    assert kept(console) == []


def test_what_an_export_marks_comes_back_as_it_was(console, context, risk):
    rows = [
        list_import.COLUMNS,
        ("block", "email", "@shop.example", "=1+1", ""),
        ("block", "user", "|a|b", "-x", ""),
    ]
    text = "".join(csv_writer.text(rows[0], rows[1:]))
    assert "'@shop.example" in text
    list_import.import_text(context, risk, io.StringIO(text).getvalue())
    assert [(row.value, row.reason) for row in kept(console)] == [
        ("@shop.example", "=1+1"),
        ("|a|b", "-x"),
    ]
