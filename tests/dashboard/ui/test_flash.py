"""What came of a click: words by a table of errors, escaped, said once."""

import pytest

from core.errors import InvalidInput, NotFound, OutcomeUnknown, StripeBusy, StripeError
from dashboard.ui import said_once
from dashboard.ui.flash import ErrorTable, ErrorText, Message
from tests.support.fixtures_screens import HOSTILE

TABLE = ErrorTable(
    (
        ErrorText(InvalidInput, "Nothing was changed. {field}: {rule}"),
        ErrorText(
            OutcomeUnknown, "Stripe's answer did not come. It is being looked for.", "warning"
        ),
        ErrorText(StripeError, "Stripe refused it, and nothing was changed: {reason}"),
    ),
    field=str.title,
)


def test_the_first_line_that_fits_an_error_counts():
    assert TABLE.message(OutcomeUnknown()).kind == "warning"
    assert TABLE.message(StripeBusy()).kind == "error"


def test_a_field_and_its_rule_or_the_errors_own_words_are_filled_in():
    invalid = InvalidInput("amount", "must be at most {most}", most=5)
    assert TABLE.message(invalid) == Message("Nothing was changed. Amount: must be at most 5")
    refused = TABLE.message(StripeError("No such charge."))
    assert refused.text == "Stripe refused it, and nothing was changed: No such charge."


def test_an_error_without_a_line_is_raised():
    with pytest.raises(NotFound):
        TABLE.message(NotFound())


@pytest.fixture
def screen(nothing_cached):
    """A screen whose last action left a message with foreign text."""
    from streamlit.testing.v1 import AppTest

    def script(text):
        import streamlit

        from dashboard.ui.flash import ErrorTable, Flash

        flash = Flash("a_flash", ErrorTable(()))
        if "begun" not in streamlit.session_state:
            streamlit.session_state["begun"] = True
            flash.set(text, "error")
        flash.show()

    return AppTest.from_function(script, args=(HOSTILE,))


def test_a_message_is_said_once_and_its_foreign_text_is_no_markdown(screen, monkeypatch):
    monkeypatch.setattr(said_once, "STAYS", 0.0)
    (said,) = screen.run().error
    assert "](" not in said.value
    assert not screen.run().error


def test_a_screen_that_is_drawn_again_at_once_still_says_it(screen):
    # As by a live fragment, whose row the action itself has changed.
    screen.run()
    assert screen.run().error
