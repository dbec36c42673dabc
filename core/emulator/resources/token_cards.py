"""Which test card a token stands for."""

from __future__ import annotations

from core.emulator.resources import cards
from core.emulator.state.errors import ApiError, missing
from core.emulator.state.unit_of_work import Context, hidden


def card_named(ctx: Context, token: str, param: str = "source") -> cards.Card:
    """The test card behind a token: one of Stripe's names, or one made here and not used yet."""
    name = f"pm_card_{token.removeprefix('tok_')}"
    if token.startswith("tok_") and name in cards.BY_TOKEN:
        return cards.BY_TOKEN[name]
    found = ctx.tx.find(token)
    if found is None or found["object"] != "token" or found["type"] != "card":
        raise missing("token", token, param)
    if found["used"]:
        raise ApiError(
            f"You cannot use a Stripe token more than once: {token}.",
            code="token_already_used",
            param=param,
        )
    found["used"] = True
    ctx.tx.touch(found)
    return cards.BY_NUMBER[hidden(found)["number"]]
