"""The format is told by the content; sizes have limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.bank import formats, statements
from core.errors import StatementRefused
from tests.support.bank_files import WRITERS, camt053, fits, line, mt940, read, statement


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf"])
def test_a_format_is_told_by_how_a_file_begins(kind, before):
    data = WRITERS[kind](fits(statement([line(5)]), kind))
    assert formats.detect(before + data) == (None if kind == statements.CSV else kind)


def test_what_is_in_no_format_needs_an_account_with_a_profile():
    with pytest.raises(
        StatementRefused, match=r"is none of camt\.053, mt940, ofx, bai2; CSV needs"
    ):
        formats.read(b"Date,Amount\n2026-11-09,1.00\n")


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_an_empty_file_is_refused(data):
    with pytest.raises(StatementRefused, match="file: is empty"):
        formats.read(data)


def test_a_file_without_a_statement_is_refused():
    with pytest.raises(StatementRefused, match="file: has no statement"):
        formats.read(camt053())


def test_sizes_have_limits(monkeypatch):
    data = mt940(*(statement(rows, number="1/1") for rows in ([line(1), line(2)], [line(3)])))
    monkeypatch.setattr(statements, "MOST_LINES", 1)
    with pytest.raises(StatementRefused, match="lines: must be at most 1"):
        formats.read(data)
    monkeypatch.setattr(statements, "MOST_LINES", 2)
    monkeypatch.setattr(statements, "MOST_STATEMENTS", 1)
    with pytest.raises(StatementRefused, match="file: must have at most 1 statements"):
        formats.read(data)
    monkeypatch.setattr(statements, "LONGEST_FILE", len(data) - 1)
    with pytest.raises(StatementRefused, match="file: must have at most 0 MB"):
        formats.read(data)


def test_a_file_that_is_the_name_of_another_opens_none(tmp_path: Path):
    secret = tmp_path / "other.sta"
    secret.write_bytes(mt940(statement([line(1)])))
    for data in (str(secret).encode(), b":20:\n:60F:\n" + str(secret).encode()):
        with pytest.raises(StatementRefused):
            read(data)


def test_equal_bookings_are_numbered_and_others_are_not():
    first, second, third = statements.fingerprinted([line(5), line(5), line(6)])
    assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3
    assert statements.fingerprinted([line(6), line(5)])[1] == first
