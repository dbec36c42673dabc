"""What rules may ask about a payment: each signal by name, kind and meaning.

A signal is as of the payment's own time: it counts what came before it, never what came after.
Before a payment is sent to Stripe, attempts also count what was let through and is not mirrored.
Amounts are minor units of the payment's currency; one that has no answer is unknown (None).
"""

from __future__ import annotations

from dataclasses import dataclass

from core.risk.ast import Kind


@dataclass(frozen=True, slots=True)
class Signal:
    """One value that rules may name."""

    name: str
    kind: Kind
    meaning: str


SIGNALS: tuple[Signal, ...] = (
    Signal("amount", Kind.MONEY, "what is to be paid"),
    Signal("currency", Kind.TEXT, "its currency, lower case"),
    Signal("method", Kind.TEXT, "the kind of payment method, where it is known"),
    Signal("user_known", Kind.FLAG, "a user id came with it"),
    Signal("attempts_hour_user", Kind.NUMBER, "earlier payments by this user within an hour"),
    Signal("attempts_day_user", Kind.NUMBER, "earlier payments by this user within 24 hours"),
    Signal(
        "attempts_hour_email", Kind.NUMBER, "earlier payments by this e-mail address within an hour"
    ),
    Signal(
        "attempts_day_email", Kind.NUMBER, "earlier payments by this e-mail address within 24 hours"
    ),
    Signal("attempts_hour_card", Kind.NUMBER, "earlier payments by this card within an hour"),
    Signal("attempts_day_card", Kind.NUMBER, "earlier payments by this card within 24 hours"),
    Signal("attempts_hour_ip", Kind.NUMBER, "earlier payments by this IP address within an hour"),
    Signal("attempts_day_ip", Kind.NUMBER, "earlier payments by this IP address within 24 hours"),
    Signal("cards_day_user", Kind.NUMBER, "different cards of this user within 24 hours"),
    Signal("users_day_card", Kind.NUMBER, "different users of this card within 24 hours"),
    Signal("decline_streak", Kind.NUMBER, "this user's declines in a row just before, at most 50"),
    Signal("day_total", Kind.MONEY, "this user's succeeded sum of the day and this payment"),
    Signal("user_usual", Kind.MONEY, "the median of this user's 20 latest succeeded attempts"),
    Signal("shop_usual", Kind.MONEY, "the mean of the shop's succeeded payments of 30 days before"),
    Signal("percent_of_user_usual", Kind.NUMBER, "the amount in hundredths of the user's usual"),
    Signal("percent_of_shop_usual", Kind.NUMBER, "the amount in hundredths of the shop's usual"),
    Signal("first_payment", Kind.FLAG, "this user has no succeeded payment before"),
    Signal("card_country", Kind.TEXT, "where the card was issued, such as US"),
    Signal("usual_country", Kind.TEXT, "the card country of this user's latest succeeded payment"),
    Signal("country_differs", Kind.FLAG, "the card country is another than the usual one"),
    Signal("radar_score", Kind.NUMBER, "Radar's score, 0 to 99"),
    Signal("radar_level", Kind.TEXT, "Radar's level: normal, elevated, highest, not_assessed"),
    Signal("blocked_ip", Kind.FLAG, "the IP address is on a block list"),
    Signal("blocked_email", Kind.FLAG, "the e-mail address or its domain is on a block list"),
    Signal("blocked_card", Kind.FLAG, "the card is on a block list"),
    Signal("blocked_user", Kind.FLAG, "the user is on a block list"),
    Signal("blocked_country", Kind.FLAG, "the card country is on a block list"),
    Signal("allow_listed", Kind.FLAG, "the user, card, e-mail address or IP is on an allow list"),
)
KINDS: dict[str, Kind] = {signal.name: signal.kind for signal in SIGNALS}
