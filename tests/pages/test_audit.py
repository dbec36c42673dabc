"""Audit: the log by one line, a row in full, the chain's state on top, and the same as a file."""

import json

import pytest

from core.access import audit
from core.db.engine import writing
from core.db.tables import audit_log
from tests.support.fixtures_access import audited, person
from tests.support.kit_parts import tables


@pytest.fixture
def admin(console):
    return person(console, "admin", email="ada@shop.example")


@pytest.fixture
def screen(admin, screen_as):
    """The screen: `screen(q=…)`."""

    def run(**query):
        test = screen_as(admin, "audit", **query)
        assert not test.exception
        return test

    return run


@pytest.fixture
def log(console, admin):
    """A hundred rows besides those of the people."""
    with writing(console.engine) as connection:
        for number in range(100):
            audit.append(
                connection,
                actor=admin,
                action="payment.view" if number % 2 else "export",
                target=f"pi_{number}",
                outcome="refused" if number == 99 else "ok",
                details={"number": number, "note": "![x](https://evil.example/p.png)"},
            )


def rows(test):
    return tables(test)[0].value


def numbers(test):
    return [int(number) for number in rows(test)["row"]]


def texts(test):
    kinds = ("text", "caption", "markdown", "error", "warning")
    return " ".join(e.value for kind in kinds for e in getattr(test, kind)).replace("\\", "")


def test_the_newest_fifty_stand_there_and_pages_turn(log, screen):
    test = screen()
    assert numbers(test) == [*range(101, 51, -1)]
    assert set(rows(test)["who"]) == {"ada@shop.example"}
    test.button(key="older").click().run()
    assert numbers(test) == [*range(51, 1, -1)]
    assert test.query_params["before"]
    test.button(key="newer").click().run()
    assert numbers(test) == [*range(101, 51, -1)]


def test_the_line_in_the_url_is_the_search(log, screen):
    test = screen(q="outcome:refused actor:ada@shop.example")
    assert numbers(test) == [101]
    assert test.text_input(key="q").value == "outcome:refused actor:ada@shop.example"


def test_segments_and_filters_rewrite_the_line(log, screen):
    test = screen()
    test.get_by_key("s_action").set_value("export").run()
    assert test.query_params["q"] == "action:export"
    assert set(rows(test)["what"]) == {"Took a file away"}
    test.get_by_key("f_outcome").set_value(["refused"]).run()
    assert test.query_params["q"] == "action:export outcome:refused"
    assert not tables(test)


def test_a_term_that_is_none_is_named(screen):
    test = screen(q="colour:red")
    assert any("colour" in warning.value for warning in test.warning)
    assert not tables(test)


def test_a_row_opens_in_a_drawer_with_its_details_and_its_seal(log, screen):
    test = screen(row="50")
    assert json.loads(test.json[0].value)["number"] == 48
    codes = [code.value for code in test.code]
    assert "pi_48" in codes
    assert sum(len(code) == 64 for code in codes) == 2
    assert "evil.example" not in texts(test)
    next(b for b in test.button if b.label == "All upon this target").click().run()
    assert test.query_params["q"] == "target:pi_48"
    assert numbers(test) == [50]


@pytest.mark.parametrize("row", ["999", "x", "-1", "9" * 40])
def test_a_link_to_no_row_says_so(log, screen, row):
    assert "There is no such row" in texts(screen(row=row))


def test_the_chain_is_walked_on_demand_and_the_finding_stands_there(console, log, screen):
    test = screen()
    assert "Not verified yet" in texts(test)
    test.button(key="walk").click().run()
    assert "The chain holds" in texts(test)
    assert "by ada" in texts(test)
    (row,) = audited(console, "audit.verify")
    assert (row.outcome, json.loads(row.details)["rows"]) == ("ok", 101)
    head = f"{row.seq} {row.hash}"
    assert head in [code.value for code in test.code]
    with writing(console.engine) as connection:
        connection.execute(audit_log.update().where(audit_log.c.seq == 20).values(target="pi_x"))
    test.button(key="walk").click().run()
    assert "Row 20 was changed." in texts(test)
    assert "The chain holds" not in texts(test)


def test_a_long_walk_shows_how_far_it_is_and_can_be_stopped(log, screen, monkeypatch):
    from core.actions.admin import audit_verification as actions
    from dashboard.screens.audit import verification as audit_verification

    monkeypatch.setattr(actions, "_PART", 10)
    monkeypatch.setattr(audit_verification, "PART", 0)
    test = screen()
    test.button(key="walk").click().run()
    assert len(numbers(test)) == 50
    assert test.get("progress")[0].proto.text == "10 of 101 rows"
    test.run()
    assert test.get("progress")[0].proto.text == "20 of 101 rows"
    test.button(key="walk_stop").click().run()
    assert not test.get("progress")
    assert "Not verified yet" in texts(test)


def test_the_file_is_the_same_search(log, screen):
    link = screen(q="action:export at:7d").link_button[0]
    assert link.proto.url == "/ui/export/audit.csv?q=action%3Aexport+at%3A7d"
