"""How a test payment method behaves: what its number or token stands for (docs.stripe.com/testing).

Objects keep it as text in their hidden part, since files of earlier emulators have it there too.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from enum import StrEnum

from core.emulator.state.store import Obj
from core.emulator.state.unit_of_work import hidden


class Kind(StrEnum):
    """What happens when somebody pays with it."""

    SUCCEED = "succeed"
    #: Pays, and the money is available at once.
    SUCCEED_AVAILABLE = "succeed_available"
    #: The issuer refuses.
    DECLINE = "decline"
    #: Radar's rule blocks it.
    BLOCK = "block"
    #: Radar blocks it for its score.
    HIGHEST_RISK = "highest_risk"
    ELEVATED_RISK = "elevated_risk"
    #: Pays, and is disputed soon.
    DISPUTE = "dispute"
    EARLY_FRAUD_WARNING = "early_fraud_warning"
    #: Pays; its refunds are pending first.
    REFUND_PENDING = "refund_pending"
    #: Pays; its refunds fail later.
    REFUND_FAIL = "refund_fail"
    #: The customer confirms on the page of the method.
    REDIRECT = "redirect"
    #: The customer sends the money to us.
    BANK_TRANSFER = "bank_transfer"
    #: The customer takes a voucher to a shop, or pays by its number.
    VOUCHER = "voucher"
    #: The customer scans a code or confirms in an app.
    CODE = "code"
    # A bank debit: it settles, bounces, is disputed at once, or stays under way.
    PROCESSING = "processing"
    PROCESSING_FAIL = "processing_fail"
    PROCESSING_DISPUTE = "processing_dispute"
    PROCESSING_FOR_EVER = "processing_for_ever"
    # Asks for 3-D Secure: always, until it is set up, or with a card that was set up elsewhere.
    THREE_D_SECURE = "three_d_secure"
    THREE_D_SECURE_ON_SETUP = "three_d_secure_on_setup"
    THREE_D_SECURE_SET_UP = "three_d_secure_set_up"
    # Declined after a passed challenge.
    THREE_D_SECURE_DECLINED = "three_d_secure_declined"
    THREE_D_SECURE_INSUFFICIENT = "three_d_secure_insufficient"
    #: The bank's authentication cannot be reached.
    THREE_D_SECURE_ERROR = "three_d_secure_error"
    # Able to, and not required: with success, with an error.
    THREE_D_SECURE_SUPPORTED = "three_d_secure_supported"
    THREE_D_SECURE_SUPPORTED_ERROR = "three_d_secure_supported_error"


#: The bank answers days later.
DEBITS = frozenset(
    {
        Kind.PROCESSING,
        Kind.PROCESSING_FAIL,
        Kind.PROCESSING_DISPUTE,
        Kind.PROCESSING_FOR_EVER,
    }
)
#: The customer pays on a page, by a voucher or in an app: no card is asked for 3-D Secure.
ELSEWHERE = frozenset({Kind.REDIRECT, Kind.VOUCHER, Kind.CODE})
#: Radar lets none of these through to the network.
BLOCKED = frozenset({Kind.BLOCK, Kind.HIGHEST_RISK})


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A kind, and what that kind leaves open."""

    kind: Kind = Kind.SUCCEED
    #: Of a decline the error's `code`, of a debit its `failure_code`, of a dispute its reason.
    code: str = ""
    #: Of a decline; "" where Stripe's error has none.
    decline_code: str = ""

    def stored(self) -> str:
        """As text, which `read` understands."""
        if self.kind is Kind.DECLINE:
            return f"{self.kind}:{self.code}:{self.decline_code}"
        return f"{self.kind}:{self.code}" if self.code else str(self.kind)


SUCCEED = Behaviour()


def decline(code: str, decline_code: str = "") -> Behaviour:
    """The issuer refuses with this error `code` and `decline_code`."""
    return Behaviour(Kind.DECLINE, code, decline_code)


@functools.cache
def read(text: str) -> Behaviour:
    """What `Behaviour.stored` wrote; ValueError for a kind that is not known."""
    kind, _, rest = text.partition(":")
    code, _, decline_code = rest.partition(":")
    return Behaviour(Kind(kind), code, decline_code)


def remembered(obj: Obj) -> Behaviour:
    """What a payment method or its charge keeps of it; a plain success when it keeps nothing."""
    text = obj["_"].get("does") if "_" in obj else None
    return read(text) if text else SUCCEED


def remember(obj: Obj, behaviour: Behaviour) -> None:
    """Keep it with a payment method, a charge, or an intent that waits for its customer."""
    hidden(obj)["does"] = behaviour.stored()
