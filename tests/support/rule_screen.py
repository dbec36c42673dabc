"""The rules on their screen: written as JSON in the expert view, tried, and put in force."""

from __future__ import annotations

import json


def paste(test, body):
    """Take a rule set as JSON into the draft."""
    test.text_area(key="rules_text").input(json.dumps(body)).run()
    return test.button(key="rules_take").click().run()


def put_in_force(test, reason="too strict"):
    """Try what is drafted, say why, and put it in force."""
    test.button(key="rules_try").click().run()
    test.text_input(key="rules_reason").input(reason).run()
    test.button(key="rules_save").click().run()
    assert not test.exception
    return test
