"""The receiver as tutorials write it, to compare with: FastAPI, `def`, a commit for each request.

Everything else is as good as ours: the same server, signature check, engine, table and insert.
"""

from __future__ import annotations

import sys
from typing import Annotated

import stripe
import uvicorn
from fastapi import Depends, FastAPI, Header, HTTPException, Request

from core import clock
from core.db.engine import open_engine, writing
from core.events.store import parse_envelope, store
from core.settings import load
from dashboard.receiver.webhook import PATH


async def _body(request: Request) -> bytes:
    return await request.body()


def create_app(url: str, secret: str) -> FastAPI:
    """The application; `def` endpoints run in FastAPI's pool of threads."""
    engine = open_engine(url, pool_size=20)
    app = FastAPI()

    @app.post(PATH)
    def webhook(
        body: Annotated[bytes, Depends(_body)], stripe_signature: Annotated[str, Header()]
    ) -> dict[str, bool]:
        try:
            stripe.WebhookSignature.verify_header(body, stripe_signature, secret, 300)
        except stripe.SignatureVerificationError:
            raise HTTPException(400) from None
        with writing(engine) as connection:
            store(connection, [parse_envelope(body)], source="webhook", received_at=clock.now())
        return {"received": True}

    return app


if __name__ == "__main__":
    settings = load()
    uvicorn.run(
        create_app(settings.database, settings.webhook_secrets[0]),
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        access_log=False,
        log_level="warning",
    )
