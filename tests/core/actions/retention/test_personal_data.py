"""Personal data goes after its time, everywhere; ids, money, sums and proofs stay."""

import json
import zlib
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from core import clock
from core.access import audit
from core.actions.retention.personal_data import ACTION, purge
from core.db import tables as t
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.domain.personal_data import SHORTEST
from core.errors import InvalidInput
from core.events.store import parse_envelope, store
from core.gateway.objects import read_object
from core.gateway.snapshots import LedgerEntry
from core.inbox.event_processor import apply_inbox
from core.inbox.rebuild import EQUAL, UNKNOWN, rebuild
from core.mirror.apply import apply
from core.mirror.rollups import differences
from core.settings import SHORTEST_DAYS
from tests.support import event_fed_console as console

UTC = ZoneInfo("UTC")
#: When all of it happened, and when it is looked at again: now.
NOW = console.NOW - 200 * 86_400
#: Stands in every text about a person, and nowhere else.
CANARY = "kanari"
DAYS = 90
LATER = clock.from_unix(NOW) + timedelta(days=200)
BILLING = {
    "name": "Kanari Ó Súilleabháin",
    "email": "KANARI@shop.example",
    "phone": "+353 kanari",
    "address": {"line1": "1 Kanari Road", "city": "Kanari", "country": "IE"},
}
METHOD = {
    "type": "card",
    "card": {"brand": "visa", "last4": "9137", "country": "IE", "fingerprint": "kanariprint"},
}


def paid(**changes):
    return console.charge(
        created=NOW,
        disputed=False,
        billing_details=BILLING,
        payment_method_details=METHOD,
        receipt_email="kanari@shop.example",
        description="Kanari's order",
        outcome={"type": "authorized", "risk_score": 7, "risk_level": "normal"},
        balance_transaction="txn_1",
        **changes,
    )


def asked(**changes):
    notes = {"order_id": "1001", "user_id": "u7", "email": "kanari@shop.example"}
    notes |= {"ip_address": "kanari::1", "gift_for": "Kanari"}
    given = {"created": NOW} | changes
    return console.intent(
        metadata=notes, description="For Kanari", shipping=BILLING, customer="cus_1", **given
    )


BUYER = {
    "id": "cus_1",
    "object": "customer",
    "created": NOW,
    "livemode": False,
    "email": "kanari@shop.example",
    "name": "Kanari",
    "address": BILLING["address"],
}


def told(number, subject):
    return {
        "id": f"evt_{number}",
        "object": "event",
        "type": f"{subject['object']}.updated",
        "created": NOW + number,
        "livemode": False,
        "data": {"object": subject, "previous_attributes": {"description": "kanari before"}},
    }


def read(subject, seconds=60):
    as_of = clock.from_unix(NOW + seconds)
    return read_object(subject, as_of=as_of, confirmed=True, livemode=False)


ENTRY = LedgerEntry(
    stripe_id="txn_1",
    livemode=False,
    type="charge",
    reporting_category="charge",
    source_id="ch_1",
    charge_id="ch_1",
    amount_minor=10_000,
    fee_minor=320,
    net_minor=9_680,
    currency="usd",
    exchange_rate=None,
    description="Charge for kanari@shop.example",
    status="available",
    created_at=clock.from_unix(NOW),
    available_on=clock.from_unix(NOW),
)


def write_texts(connection):
    """What people wrote."""
    made = clock.from_unix(NOW)
    own = {"livemode": False, "created_at": made}
    connection.execute(
        insert(t.refund_requests).values(
            id="rq_1",
            payment_id="pi_1",
            amount_minor=5,
            currency="usd",
            reason="duplicate",
            note="Kanari asked",
            state="succeeded",
            asked_by="ada",
            asked_user_id="ada",
            updated_at=made,
            **own,
        )
    )
    connection.execute(
        insert(t.bulk_refunds).values(
            id="b_1",
            state="done",
            reason="duplicate",
            note="Kanari's",
            total=1,
            digest="d",
            asked_by="ada",
            asked_user_id="ada",
            updated_at=made,
            **own,
        )
    )
    connection.execute(
        insert(t.case_notes).values(case_id="c", author="ada", text="Kanari", created_at=made)
    )
    connection.execute(
        insert(t.customer_notes).values(
            email="kanari@shop.example", author="ada", text="Kanari called", **own
        )
    )
    connection.execute(
        insert(t.evidence_files).values(
            stripe_id="file_1",
            dispute_id="du_1",
            field="receipt",
            name="Kanari.pdf",
            kind="pdf",
            size_bytes=5,
            pages=1,
            created_at=made,
        )
    )


def write_traces(connection):
    """What a payment was let through by, and what a file was made of."""
    made = clock.from_unix(NOW)
    own = {"livemode": False, "created_at": made}
    connection.execute(
        insert(t.gate_passes).values(
            operation_id="o",
            assessment_id=1,
            user_id="u7",
            email="kanari@shop.example",
            ip="kanari::1",
            amount_minor=5,
            currency="usd",
            **own,
        )
    )
    connection.execute(
        insert(t.exports).values(
            id="x",
            kind="payments",
            format="csv",
            query="q=kanari",
            asked_by="ada",
            state="removed",
            rows_done=1,
            tries=1,
            lease_until=made,
            created_at=made,
            updated_at=made,
        )
    )


def write_lines(connection):
    """A line of a statement that is matched, and one that is not."""
    made = clock.from_unix(NOW)
    own = {"livemode": False, "created_at": made}
    account = connection.execute(
        insert(t.bank_accounts).values(account="DE1", currency="usd", created_by="ada", **own)
    ).inserted_primary_key[0]
    day = made.date()
    for number in (1, 2):
        connection.execute(
            insert(t.bank_lines).values(
                id=number,
                account_id=account,
                statement_id=1,
                position=number,
                fingerprint=f"f{number}",
                content="c",
                booked_on=day,
                amount_minor=7,
                currency="usd",
                name="Kanari" if number == 1 else "Stripe",
                text="",
                reference_lines="kanari ref" if number == 1 else "wanted",
            )
        )
    connection.execute(
        insert(t.bank_matches).values(
            decision="d",
            line_id=1,
            payout_id="po_1",
            amount_minor=7,
            how="person",
            matched_by="ada",
            reason="",
            matched_at=made,
        )
    )


@pytest.fixture
def shop(engine, books):
    return filled(engine, books)


def filled(engine, books):
    """A payment of a person, as events told it, as it was read, as it was booked."""
    subjects = [asked(), paid(), BUYER]
    with writing(engine) as connection:
        for number, subject in enumerate(subjects):
            body = json.dumps(told(number, subject)).encode()
            at = clock.from_unix(NOW + number)
            store(connection, [parse_envelope(body)], source="webhook", received_at=at)
    apply_inbox(engine, books)
    with writing(engine) as connection:
        apply(connection, [read(one) for one in subjects], books, entries=[ENTRY])
        write_texts(connection)
        write_traces(connection)
        write_lines(connection)
    return engine


def purge_all(engine, books, *, days=DAYS, at=LATER):
    steps = 0
    while purge(engine, books, days=days, at=at):
        steps += 1
        assert steps < 100
    return steps


def told_anywhere(engine):
    """Table and column of every text that the canary stands in."""
    found = set()
    with reading(engine) as connection:
        for table in t.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for column, value in row.items():
                    if CANARY in _text(value).casefold():
                        found.add(f"{table.name}.{column}")
    return found


def _text(value):
    if not isinstance(value, bytes):
        return str(value)
    try:
        return zlib.decompress(value).decode()
    except zlib.error:
        return value.decode()


def figures(engine):
    """All that is money or a count."""
    with reading(engine) as connection:
        b, p = t.balance_transactions.c, t.payments.c
        rows = connection.execute(select(b.stripe_id, b.amount_minor, b.fee_minor, b.net_minor))
        sums = [
            connection.execute(select(one)).all()
            for one in (t.revenue_daily, t.revenue_country_daily, t.payments_daily, t.amount_hist)
        ]
        kept = (p.stripe_id, p.order_id, p.user_id, p.customer_id, p.amount_minor, p.fee_minor)
        return rows.all(), sums, connection.execute(select(*kept, p.card_brand)).all()


def test_nothing_about_a_person_is_left(shop, books):
    before, was = told_anywhere(shop), figures(shop)
    assert {
        "payments.email",
        "charges.customer_name",
        "customers.name",
        "events.body",
        "readings.body",
        "ledger_readings.body",
        "balance_transactions.description",
        "payment_words.word",
        "bank_lines.name",
        "refund_requests.note",
        "bulk_refunds.note",
        "case_notes.text",
        "customer_notes.email",
        "customer_notes.text",
        "gate_passes.email",
        "exports.query",
    } <= before
    purge_all(shop, books)
    assert told_anywhere(shop) == set()
    assert figures(shop) == was
    assert differences(shop) == []
    with reading(shop) as connection:
        assert connection.scalar(select(t.payments.c.card_last4)) is None
        # What nobody has matched yet is still to be matched by it.
        lines = connection.scalars(select(t.bank_lines.c.reference_lines)).all()
        assert sorted(lines) == ["", "wanted"]


def test_nothing_is_left_in_the_files_of_sqlite(books, tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path}/tillwatch.db")
    upgrade(engine)
    shop = filled(engine, books)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(CANARY in _bytes(path) for path in files)
    purge_all(shop, books)
    with shop.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and CANARY in _bytes(path)] == []
    engine.dispose()


def _bytes(path: Path) -> str:
    return path.read_bytes().decode("latin-1").casefold()


def test_it_is_done_once_and_noted_by_counts_alone(shop, books):
    assert purge_all(shop, books) > 0
    assert purge_all(shop, books) == 0
    with reading(shop) as connection:
        rows = connection.execute(select(t.audit_log).where(t.audit_log.c.action == ACTION)).all()
        assert audit.verify(connection) is None
    assert len(rows) == 1
    counts = json.loads(rows[0].details)
    assert counts["charges"] == counts["balance_transactions"] == counts["customers"] == 1
    assert counts["events"] == 3
    assert all(type(value) is int for value in counts.values())


def test_what_is_younger_stays(shop, books):
    before = told_anywhere(shop)
    at = clock.from_unix(NOW) + timedelta(days=DAYS - 1)
    purge_all(shop, books, at=at)
    assert told_anywhere(shop) == before
    assert purge_all(shop, books, days=0) == 0
    assert told_anywhere(shop) == before


def test_what_is_read_again_later_does_not_bring_it_back(shop, books):
    purge_all(shop, books)
    with writing(shop) as connection:
        apply(connection, [read(asked(), 99), read(paid(), 99), read(BUYER, 99)], books)
        later = ENTRY.__class__(**vars(ENTRY) | {"stripe_id": "txn_2"})
        apply(connection, (), books, entries=[later])
    assert told_anywhere(shop) == set()


def test_a_rebuild_equals_it_and_says_what_was_let_go(shop, books, tmp_path):
    purge_all(shop, books)
    found = rebuild(shop, f"sqlite:///{tmp_path}/made.db", UTC, compared=True)
    assert [one for one in found.tables if not one.equal] == []
    assert found.outcome == EQUAL
    day = (LATER - timedelta(days=DAYS)).date().isoformat()
    assert found.shown()["personal_data_before"] == day
    made = open_engine(f"sqlite:///{tmp_path}/made.db")
    assert told_anywhere(made) == set()
    made.dispose()


def test_a_rebuild_in_the_middle_of_a_purge_cannot_tell(shop, books, tmp_path):
    for step in range(3):
        assert purge(shop, books, days=DAYS, at=LATER), step
    found = rebuild(shop, f"sqlite:///{tmp_path}/made.db", UTC, compared=True)
    assert found.outcome == UNKNOWN
    assert found.shown()["purging_before"] is not None
    purge_all(shop, books)
    again = rebuild(shop, f"sqlite:///{tmp_path}/again.db", UTC, compared=True)
    assert again.outcome == EQUAL


def test_a_young_charge_of_an_old_payment_keeps_its_own_until_it_is_old(engine, books):
    old = NOW - 60 * 86_400
    subjects = [asked(created=old), paid()]
    with writing(engine) as connection:
        apply(connection, [read(one) for one in subjects], books)
    at = clock.from_unix(NOW) + timedelta(days=DAYS - 30)
    purge_all(engine, books, at=at)
    with reading(engine) as connection:
        row = connection.execute(select(t.payments)).one()
    assert (row.description, row.metadata_json) == (None, None)
    assert row.card_last4 == "9137"
    purge_all(engine, books)
    assert told_anywhere(engine) == set()


def test_it_takes_small_bites(shop, books, monkeypatch):
    monkeypatch.setattr("core.actions.retention.personal_data.CHUNK", 1)
    assert purge_all(shop, books) > 12
    assert told_anywhere(shop) == set()


def test_too_short_a_time_is_refused(engine, books):
    with pytest.raises(InvalidInput, match="at least 30"):
        purge(engine, books, days=29, at=LATER)
    assert timedelta(days=SHORTEST_DAYS) == SHORTEST
