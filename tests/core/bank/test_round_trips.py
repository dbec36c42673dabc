"""Any statement that a bank writes reads back the same, in every format; a cent more is seen."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.bank import statements
from core.errors import StatementRefused
from tests.support import bank_files
from tests.support.bank_files import WRITERS, any_statement, camt053, fits, read, schema

VERSIONS = range(2, 14)
#: Of each format: a fault of one kind of line is met within a few.
EXAMPLES = 40
PROVED = [kind for kind in WRITERS if kind != statements.OFX]


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(found=any_statement())
def test_any_statement_reads_back_the_same(kind, found):
    wanted = fits(found, kind)
    assert read(WRITERS[kind](wanted), wanted.currency) == [wanted]


@pytest.mark.parametrize("kind", PROVED)
@settings(max_examples=EXAMPLES, deadline=None)
@given(found=any_statement(), cent=st.sampled_from([-1, 1]))
def test_a_minor_unit_too_many_in_the_closing_balance_is_refused(kind, found, cent):
    # In CSV the balance of one line alone has none before it to be held against.
    assume(kind != statements.CSV or len(found.lines) > 1)
    whole = fits(found, kind)
    wrong = replace(whole, closing_minor=(whole.closing_minor or 0) + cent)
    data = WRITERS[kind](wrong)
    if kind == statements.CSV:
        data = bank_files.with_closing(data, wrong)
    with pytest.raises(StatementRefused):
        read(data, whole.currency)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=15, deadline=None)
@given(found=any_statement())
def test_a_file_of_each_version_is_of_isos_schema_and_reads_back(version, found):
    wanted = fits(found, statements.CAMT053)
    data = camt053(wanted, wanted, version=version)
    schema(version).validate(data.decode())
    assert read(data) == [wanted, wanted]


def test_isos_schema_refuses_what_is_not_of_its_version():
    wanted = fits(bank_files.statement([bank_files.line(1)]), statements.CAMT053)
    data = camt053(wanted, version=8).replace(b"001.08", b"001.02")
    assert not schema(2).is_valid(data.decode())


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(found=any_statement(), data=st.data())
def test_a_damaged_file_is_read_or_refused_by_name(kind, found, data):
    whole = bytearray(WRITERS[kind](fits(found, kind)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(StatementRefused):
        read(bytes(whole), found.currency)
