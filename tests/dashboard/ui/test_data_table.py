"""Tables described by data: cells, columns that come and go, names that open a row."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from dashboard.ui.data_table import DataTable, Empty, chips, currency, moment, number, opener, text

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
        "job": opener("Job", lambda job: job.name, width=100),
        "currency": currency(lambda job: job.code),
        "state": chips("State", lambda job: [job.state], KINDS, width=100),
        "note": text("Note", lambda job: job.note, optional=True),
        "tries": number("Tries", lambda job: job.tries, width=50, optional=True),
        "source": text("Source", lambda _job: "here", unless=("tries",)),
        "ended": moment("Ended", lambda job: job.ended),
    },
    empty=Empty("No jobs yet", "They appear by themselves."),
)


def script(jobs, hidden):
    import streamlit

    from tests.dashboard.ui.test_data_table import TABLE

    def remember(name):
        streamlit.session_state["opened_job"] = name

    TABLE.draw(TABLE.frame(jobs), remember, caption="Some jobs", hidden=hidden)


@pytest.fixture
def screen(monkeypatch, console, nothing_cached):
    """A screen with the table: `screen([Job()])`."""
    from streamlit.testing.v1 import AppTest

    from dashboard.ui import viewer

    monkeypatch.setattr(viewer, "current_console", lambda: console)

    def run(jobs, hidden=()):
        test = AppTest.from_function(script, args=(jobs, hidden)).run()
        assert not test.exception
        return test

    return run


@pytest.fixture
def drawn(screen):
    """The columns that are shown: `drawn([Job()])`."""

    def run(jobs, hidden=()):
        return list(screen(jobs, hidden).dataframe[0].proto.column_order)

    return run


def test_an_empty_table_has_its_columns_with_times_among_them():
    frame = TABLE.frame([])
    assert list(frame) == list(TABLE.columns)
    assert str(frame["ended"].dtype) == "datetime64[us, UTC]"


def test_cells_are_made_of_rows():
    at = datetime(2026, 11, 3, 1, tzinfo=UTC)
    frame = TABLE.frame([Job(ended=at), Job("two", "kwd", "new")])
    assert [label.split()[-1] for label in frame["job"]] == ["one", "two"]
    assert list(frame["currency"]) == ["USD", "KWD"]
    assert list(frame["state"]) == [["done"], ["new"]]
    assert frame["ended"][0] == at
    assert frame["ended"].isna()[1]


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
    assert not test.dataframe
    assert "No jobs yet" in test.markdown[0].value
    assert [one.value for one in test.caption] == ["They appear by themselves."]
    assert [one.value for one in screen([Job()]).caption] == ["Some jobs"]
