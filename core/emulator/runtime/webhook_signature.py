"""Signs an event as Stripe signs (docs.stripe.com/webhooks/signature)."""

from __future__ import annotations

import hashlib
import hmac


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """The `Stripe-Signature` header of a body; `timestamp` in unix seconds."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
