"""Tables described by data: cells, columns that come and go, names that open a row."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from dashboard.ui.data_table import DataTable, Empty, chips, currency, moment, number, opener, text
from dashboard.ui.kit.cells import Chip
from tests.support.kit_parts import click, tables

KINDS = {"done": ("Done", "green")}


@dataclass
class Job:
    name: str = "one"
    code: str = "usd"
    state: str = "done"
    note: str = ""
    tries: int = 0
    ended: datetime | None = None


TABLE: DataTable[Job] = DataTable(
    "jobs",
    "Jobs",
    {
        "job": opener("Job", lambda job: job.name),
        "currency": currency(lambda job: job.code),
        "state": chips("State", lambda job: [job.state], KINDS),
        "note": text("Note", lambda job: job.note, optional=True),
        "tries": number("Tries", lambda job: job.tries, optional=True),
        "source": text("Source", lambda _job: "here", unless=("tries",)),
        "ended": moment("Ended", lambda job: job.ended),
    },
    empty=Empty("No jobs yet", "They appear by themselves."),
)


def script(jobs, hidden, opens):
    import streamlit

    from dashboard.ui.kit import links
    from tests.dashboard.ui.test_data_table import TABLE

    def remember(name):
        streamlit.session_state["opened_job"] = name

    target = links.here("job") if opens else None
    TABLE.draw(TABLE.frame(jobs), remember, target=target, caption="Some jobs", hidden=hidden)


@pytest.fixture
def screen(monkeypatch, console, nothing_cached):
    """A screen with the table: `screen([Job()])`."""
    from streamlit.testing.v1 import AppTest

    from dashboard.ui import viewer

    monkeypatch.setattr(viewer, "current_console", lambda: console)

    def run(jobs, hidden=(), opens=False, **query):
        test = AppTest.from_function(script, args=(jobs, hidden, opens))
        test.query_params.update(query)
        test.run()
        assert not test.exception
        return test

    return run


@pytest.fixture
def drawn(screen):
    """The columns that are shown: `drawn([Job()])`."""

    def run(jobs, hidden=()):
        return list(tables(screen(jobs, hidden))[0].columns)

    return run


@pytest.fixture
def frame(monkeypatch, console):
    """The cells of jobs, in the zone of the console: `frame([Job()])`."""
    from dashboard.ui import viewer

    monkeypatch.setattr(viewer, "current_console", lambda: console)
    return TABLE.frame


def test_an_empty_table_has_its_columns(frame):
    found = frame([])
    assert list(found.cells) == list(TABLE.columns)
    assert not any(found.has(name) for name in TABLE.columns)


def test_cells_are_made_of_rows(frame):
    at = datetime(2026, 11, 3, 1, tzinfo=UTC)
    found = frame([Job(ended=at), Job("two", "kwd", "new")])
    assert found.names == ("one", "two")
    assert [cell.text for cell in found.cells["currency"]] == ["USD", "KWD"]
    assert [cell.chips for cell in found.cells["state"]] == [
        (Chip("Done", "green"),),
        (Chip("New", "gray"),),
    ]
    assert [cell.text for cell in found.cells["ended"]] == ["Nov 3, 01:00:00", ""]
    assert found.has("ended")
    assert not found.has_all("ended")
    assert found.has_all("job")


def test_an_optional_column_is_left_out_where_it_is_empty(drawn):
    assert "note" not in drawn([Job(), Job()])
    assert "note" in drawn([Job(), Job(note="late")])


def test_a_column_makes_room_for_one_that_holds_something(drawn):
    assert "source" in drawn([Job()])
    shown = drawn([Job(tries=2)])
    assert "tries" in shown
    assert "source" not in shown


def test_a_hidden_column_is_left_out(drawn):
    assert drawn([Job()], hidden=("job",))[0] == "currency"


def test_without_rows_it_says_what_is_missing_and_what_to_do(screen):
    test = screen([])
    assert not tables(test)
    assert "No jobs yet" in test.markdown[0].value
    assert [one.value for one in test.caption] == ["They appear by themselves."]
    assert [one.value for one in screen([Job()]).caption] == ["Some jobs"]


def test_a_row_opens_where_its_address_is_and_keeps_what_the_page_shows(screen):
    test = screen([Job("a&b")], opens=True, q="state:done", job="other")
    (table,) = tables(test)
    assert table.rows[0]["href"] == "?q=state%3Adone&job=a%26b"
    click(test, table, "open", "a&b")
    assert test.session_state["opened_job"] == "a&b"


def test_a_row_without_an_address_has_a_button_where_its_name_stands(screen):
    (table,) = tables(screen([Job()]))
    assert "href" not in table.rows[0]
    assert table.part.data["button"] == "job"


def test_on_a_phone_amount_state_and_time_are_seen_first(screen):
    columns = tables(screen([Job(note="late")]))[0].part.data["columns"]
    places = {column["name"]: column.get("place") for column in columns}
    assert places == {
        "job": "a",
        "currency": "e",
        "state": "b",
        "note": "c",
        "source": None,
        "ended": "d",
    }
