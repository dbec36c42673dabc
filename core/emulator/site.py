"""The whole site: `/v1` for Stripe's API, `/_control` for tests, `/_hosted` for customers."""

from __future__ import annotations

import html

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from core.emulator import intent_steps
from core.emulator.app import Api
from core.emulator.context import API_VERSION, hidden
from core.emulator.control import Control
from core.emulator.engine import Engine
from core.emulator.errors import ApiError

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Test challenge</title>
<body style="font-family:sans-serif;max-width:28rem;margin:4rem auto">
<h1>Test authentication</h1><p>Payment {intent}: no bank is asked.
Choose what the customer does.</p>
<form method="post"><button name="outcome" value="succeed">Complete</button>
<button name="outcome" value="fail">Fail</button></form></body></html>"""


def application(engine: Engine, control: Control) -> Starlette:
    """The ASGI application."""

    async def about(request: Request) -> Response:
        return JSONResponse(
            {
                "name": "Tillwatch Stripe emulator",
                "api_version": API_VERSION,
                "account": engine.account,
                "livemode": False,
            }
        )

    async def challenge(request: Request) -> Response:
        intent_id = request.path_params["intent"]
        if request.method == "GET":
            return HTMLResponse(_PAGE.format(intent=html.escape(intent_id)))
        form = (await request.body())[:200]
        try:
            intent = engine.work(
                lambda ctx: intent_steps.authenticate(
                    ctx, intent_id, succeed=b"outcome=succeed" in form
                )
            )
        except ApiError as refusal:
            return HTMLResponse(html.escape(refusal.message), 400)
        back = hidden(intent).get("return_url")
        if not back:
            return HTMLResponse("Done. You may close this page.")
        mark = "&" if "?" in back else "?"
        query = f"payment_intent={intent_id}&payment_intent_client_secret={intent['client_secret']}"
        return RedirectResponse(
            f"{back}{mark}{query}&redirect_status={_word(intent['status'])}", 303
        )

    return Starlette(
        routes=[
            Route("/", about),
            Route("/_hosted/authenticate/{intent}", challenge, methods=["GET", "POST"]),
            Mount("/_control", routes=control.routes()),
            Mount("/", Api(engine)),
        ]
    )


def _word(status: str) -> str:
    return "failed" if status == "requires_payment_method" else "succeeded"
