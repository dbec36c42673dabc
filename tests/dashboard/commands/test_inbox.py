"""`python -m dashboard inbox replay`: again, or on trial."""

import json

import pytest
from click.testing import CliRunner

from core import clock
from core.db.engine import open_engine, reading, writing
from core.db.migrate import upgrade
from core.db.tables import payments
from core.inbox.event_processor import apply_inbox
from dashboard.__main__ import cli
from tests.support.fixtures_logs import event

INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "livemode": False,
    "created": 1_790_000_000,
    "amount": 1200,
    "currency": "usd",
    "status": "succeeded",
}


@pytest.fixture
def inbox(tmp_path, monkeypatch, books):
    """Runs `inbox …` over a database with one dead event."""
    url = f"sqlite:///{tmp_path / 'tillwatch.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    engine = open_engine(url)
    upgrade(engine)
    with writing(engine) as connection:
        name = event(connection, subject=INTENT, state="dead", created_at=clock.now())

    def run(*args):
        return CliRunner().invoke(cli, ["inbox", *args])

    run.engine, run.event, run.books = engine, name, books
    yield run
    engine.dispose()


def kept(inbox):
    with reading(inbox.engine) as connection:
        return connection.execute(payments.select()).all()


def test_a_dry_run_names_the_fields_and_keeps_nothing(inbox):
    answer = inbox("replay", "--dry-run", "--dead")
    assert answer.exit_code == 0
    assert f"{inbox.event}: " in answer.output
    assert "payments pi_1 amount_minor: None -> 1200" in answer.output
    assert "payment_intent pi_1 is read again from Stripe" in answer.output
    assert kept(inbox) == []
    assert "dead: 1" in inbox("status").output


def test_a_dry_run_speaks_json(inbox):
    (trial,) = json.loads(inbox("replay", "--dry-run", "--json", inbox.event).output)
    assert trial["event_id"] == inbox.event
    assert trial["read_again"] == [["payment_intent", "pi_1"]]
    changes = {(c["table"], c["field"]): (c["now"], c["then"]) for c in trial["changes"]}
    assert changes["payments", "amount_minor"] == (None, 1200)


def test_a_replay_puts_the_event_back(inbox):
    assert json.loads(inbox("replay", "--json", inbox.event).output) == {"put_back": 1}
    apply_inbox(inbox.engine, inbox.books)
    assert [row.stripe_id for row in kept(inbox)] == ["pi_1"]
    assert "0 fields would change" in inbox("replay", "--dry-run", inbox.event).output


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "name events, or give --dead"),
        (("--dry-run",), "name events, or give --dead"),
        (("--dry-run", "evt_none"), "evt_none is not in the inbox"),
    ],
)
def test_nothing_to_replay_is_a_mistake_in_the_call(inbox, args, said):
    answer = inbox("replay", *args)
    assert answer.exit_code == 2
    assert said in answer.output


def test_a_rebuild_is_compared_and_its_exit_code_says_how_it_ended(inbox, tmp_path):
    inbox("replay", "--dead")
    apply_inbox(inbox.engine, inbox.books)
    answer = inbox("rebuild", "--into", f"sqlite:///{tmp_path}/made.db", "--compare")
    assert answer.exit_code == 0, answer.output
    assert "payments: 1 stand, 1 rebuilt: equal" in answer.stdout
    assert "events: 1 of 1" in answer.stderr
    with writing(inbox.engine) as connection:
        connection.execute(payments.update().values(amount_minor=1201))
    url = f"sqlite:///{tmp_path}/again.db"
    answer = inbox("rebuild", "--into", url, "--compare", "--json")
    assert answer.exit_code == 1
    said = {one["table"]: one for one in json.loads(answer.stdout)["tables"]}
    assert said["payments"]["first"] == [
        {"key": ["pi_1"], "columns": ["amount_minor"], "only_in": None}
    ]


def test_a_rebuild_into_no_empty_database_says_why(inbox, tmp_path):
    into = {
        f"sqlite:///{tmp_path}/tillwatch.db": "into: is the database itself",
        "nonsense": "into: is not sqlite:///FILE",
        "mysql+pymysql://nobody@127.0.0.1:1/x": "does not answer",
    }
    for url, said in into.items():
        answer = inbox("rebuild", "--into", url, "--compare")
        assert answer.exit_code == 2, url
        assert said in answer.stderr
