"""The kit: what its parts are given to draw, its two files, and what it reports."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.ui.kit import bridge, component
from dashboard.ui.kit.bridge import Bar, Step
from dashboard.ui.kit.cells import Cell, Chip
from tests.support import kit_parts


@pytest.fixture
def client():
    return TestClient(Starlette(routes=component.routes))


def test_files_are_kept_for_good_under_the_address_with_their_digest(client):
    for name, kind in (("kit.js", "text/javascript"), ("kit.css", "text/css")):
        answer = client.get(f"{component.ADDRESS}{name}", params={"v": component.DIGEST})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
        assert "private" in answer.headers["cache-control"]


def test_a_page_from_before_an_update_does_not_keep_what_it_gets(client):
    for query in ({}, {"v": "0123456789abcdef"}):
        answer = client.get(f"{component.ADDRESS}kit.js", params=query)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["component.py", "..%2Fviewer.py", "kit.map", ""])
def test_no_other_file_is_served(client, name):
    assert client.get(f"{component.ADDRESS}{name}").status_code == 404


def test_the_script_takes_foreign_text_for_text():
    script = (component._FOLDER / "kit.js").read_text(encoding="utf-8")
    assert "textContent" in script
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in script


def test_a_cell_says_only_what_stands_in_it():
    assert Cell("$5.00").as_data() == "$5.00"
    assert Cell().as_data() == ""
    assert Cell(chips=(Chip("Paid", "green"),)).as_data() == {"chips": [["green", "Paid"]]}
    assert Cell("12", share=0).as_data() == {"text": "12", "share": 0}
    opens = Cell("Ada", opens="customer:cus_1", address="/customer?id=cus_1")
    assert opens.as_data() == {
        "text": "Ada",
        "name": "customer:cus_1",
        "href": "/customer?id=cus_1",
    }
    assert Cell().is_empty
    assert not Cell(chips=(Chip("Paid"),)).is_empty


FOREIGN = [
    "javascript:alert(1)",
    "http://a.test",
    "//a.test",
    "data:,x",
    "/\\a.test",
    "/\t/a.test",
    "x",
]


@pytest.mark.parametrize("address", FOREIGN)
def test_a_cell_links_to_pages_alone(address):
    with pytest.raises(ValueError, match="https://"):
        Cell("Open", link=address)
    with pytest.raises(ValueError, match="must be a path"):
        Cell("Open", opens="one", address=address)


@pytest.mark.parametrize("address", ["https://stripe.com/docs", "/payment?id=pi_1", "/"])
def test_a_cell_may_link_to_a_page_elsewhere_or_of_ours(address):
    assert Cell("Open", link=address).as_data()["link"] == address


def test_a_bridge_has_one_scale_on_which_its_steps_meet():
    steps = [
        Step("Opening", 1000, "total", is_total=True),
        Step("Charges", 3000, "in"),
        Step("Refunds", -2000, "out"),
        Step("Closing", 2000, "total", is_total=True),
    ]
    found, zero = bridge.bars(steps)
    assert zero == 0
    assert found == (Bar(0, 2500), Bar(2500, 7500), Bar(5000, 5000), Bar(0, 5000))


def test_a_bridge_that_goes_below_zero_has_zero_in_its_middle():
    found, zero = bridge.bars([Step("Fees", -500, "fee"), Step("Charges", 1000, "in")])
    assert zero == 5000
    assert found == (Bar(0, 5000), Bar(0, 10000))


def test_a_step_of_next_to_nothing_is_seen_and_stays_inside():
    found, _zero = bridge.bars([Step("All", 10**9, "in"), Step("A cent", 1, "in")])
    assert found[1].width == 25
    assert found[1].start + found[1].width <= bridge.WIDTH


def test_a_bridge_without_steps_or_money_is_drawn():
    assert bridge.bars([]) == ((), 0)
    assert bridge.bars([Step("None", 0, "in")])[0] == (Bar(0, 25),)


def everything():
    """A screen with each part."""
    import streamlit

    from dashboard.ui.kit import bridge, cards, facts, table, timeline
    from dashboard.ui.kit.cells import Cell, Chip

    def told(name):
        streamlit.session_state["told"] = [*streamlit.session_state.get("told", []), name]

    table.draw(
        "payouts",
        [table.Column("amount", "Amount", is_figure=True, sorts=True, place="a")],
        [table.Row((Cell("$5.00"),), "po_1", "/payout?id=po_1"), table.Row((Cell("$9.00"),))],
        alt="Payouts",
        order=table.Sorting("amount"),
        on_open=told,
        on_sort=lambda name: told(f"sort {name}"),
    )
    trend = cards.Trend((1, 2, 3), "Nov 1", "Nov 3", is_good=True)
    cards.draw(
        "cards",
        [
            cards.Card("Net", "$5.00", change="+8%", is_good=True, trend=trend, name="net"),
            cards.Card("Next", "$1.00", chip=Chip("In transit", "blue")),
        ],
        on_open=told,
    )
    bridge.draw("bridge", [bridge.Step("Charges", 500, "in", 3)], "usd", alt="Made of")
    timeline.draw("story", [timeline.Entry("Paid", "Nov 3", "check", note="by card")], alt="Story")
    facts.draw("facts", [facts.Fact("E-mail", Cell("a@b.test")), facts.Fact("Name", Cell())])


@pytest.fixture
def screen():
    from streamlit.testing.v1 import AppTest

    test = AppTest.from_function(everything).run()
    assert not test.exception
    return test


def test_each_part_is_given_what_it_draws(screen):
    (table,) = kit_parts.tables(screen)
    assert table.part.data["columns"] == [
        {"name": "amount", "title": "Amount", "end": True, "sorts": True, "place": "a"}
    ]
    assert table.rows == [
        {"cells": ["$5.00"], "name": "po_1", "href": "/payout?id=po_1"},
        {"cells": ["$9.00"]},
    ]
    assert table.part.data["order"] == ["amount", True]
    net, following = kit_parts.parts(screen, "cards")[0].data["cards"]
    assert net["trend"]["figures"] == [1, 2, 3]
    assert net["good"] is True
    assert following == {"label": "Next", "value": "$1.00", "chip": ["blue", "In transit"]}
    (step,) = kit_parts.parts(screen, "bridge")[0].data["steps"]
    assert step["amount"] == "+$5.00"
    assert kit_parts.parts(screen, "timeline")[0].data["entries"][0]["note"] == "by card"
    assert len(kit_parts.parts(screen, "facts")[0].data["facts"]) == 1


def test_the_script_is_sent_with_no_part(screen):
    for element in screen.get("bidi_component"):
        assert len(element.proto.js_content) < 300
        assert component.DIGEST in element.proto.js_content


def test_a_click_is_told_by_its_name(screen):
    (table,) = kit_parts.tables(screen)
    kit_parts.click(screen, table, "open", "po_1")
    kit_parts.click(screen, table, "sort", "amount")
    kit_parts.click(screen, kit_parts.parts(screen, "cards")[0], "open", "net")
    assert screen.session_state["told"] == ["po_1", "sort amount", "net"]
    assert not screen.exception


@pytest.mark.parametrize("name", ["", 7, None, ["po_1"], {"a": 1}, "x" * 5000])
def test_what_is_no_name_is_not_told(screen, name):
    (table,) = kit_parts.tables(screen)
    kit_parts.click(screen, table, "open", name)
    assert not screen.exception
    assert "told" not in screen.session_state
