"""What can be wrong with what comes in, and with keeping it."""

from __future__ import annotations

from core.error_base import TillwatchError


class MalformedEvent(TillwatchError):
    """A webhook body is not an event."""

    status = 400
    code = "malformed_event"


class MalformedObject(TillwatchError):
    """An object from Stripe lacks what every such object has."""

    status = 400
    code = "malformed_object"


class BadSignature(TillwatchError):
    """A webhook signature does not match, or its time is too far from now."""

    status = 400
    code = "bad_signature"


class BodyTooLarge(TillwatchError):
    """The body is larger than is accepted."""

    status = 413
    code = "body_too_large"


class InboxFull(TillwatchError):
    """Too many events wait to be kept. Nothing of this one was; send it again."""

    status = 503
    code = "inbox_full"


class TooSlow(TillwatchError):
    """The request's body took too long to arrive."""

    status = 408
    code = "too_slow"


class LeaseLost(TillwatchError):
    """Another worker took this piece of work over."""

    code = "lease_lost"


class InsertRace(TillwatchError):
    """Another worker wrote the same row first; the transaction is tried again."""

    code = "insert_race"
