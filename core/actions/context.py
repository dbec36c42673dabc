"""What every action works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from core.alerts.channel_urls import ChannelSecrets
from core.cache import Cache
from core.errors import Misconfigured, TestModeOnly
from core.mirror.apply import BookingContext

if TYPE_CHECKING:
    from core.gateway.client import Gateway


@dataclass(frozen=True)
class PaymentRules:
    """Which payments may be created: currencies, and the most in major units of each."""

    currencies: frozenset[str]
    largest: Decimal


@dataclass(frozen=True)
class Approvals:
    """Where a second person decides: about each refund, not those above a limit alone; about the
    close of a month; about rules of risk."""

    every_refund: bool = False
    closes: bool = True
    rules: bool = False


@dataclass(frozen=True)
class ActionContext:
    """The database, Stripe in each mode that has a key, the books, the rules and the cache."""

    engine: Engine
    gateways: Mapping[bool, Gateway]
    books: BookingContext
    rules: PaymentRules
    cache: Cache
    #: Where customers come back to when a request names no `return_url`.
    return_url: str
    #: Where demo users cannot exist.
    production: bool = True
    #: What keeps the addresses of alert channels.
    channel_secrets: ChannelSecrets = field(default_factory=ChannelSecrets)
    approvals: Approvals = Approvals()
    #: How recent a person's proof has to be for what asks for one; None where no browser calls.
    #: Without a default: whoever builds a context says which.
    step_up: timedelta | None = field(kw_only=True)
    _proved: set[bool] = field(default_factory=set)

    @property
    def livemode(self) -> bool:
        """The mode of the API: live when there is a live key."""
        return True in self.gateways

    def gateway(self, livemode: bool) -> Gateway:
        """Stripe in one mode; `Misconfigured` without a key for it."""
        if livemode not in self.gateways:
            raise Misconfigured(f"there is no key for {'live' if livemode else 'test'} mode")
        return self.gateways[livemode]

    def test_gateway(self) -> Gateway:
        """Stripe in test mode, proved by the key's prefix and by what the account itself says.

        `TestModeOnly` when there is no test key, or when its account answers in live mode.
        """
        gateway = self.gateways.get(False)
        if gateway is None or not gateway.has_test_key:
            raise TestModeOnly
        if False not in self._proved:
            if gateway.get("/v1/balance")["livemode"] is not False:
                raise TestModeOnly
            self._proved.add(False)
        return gateway
