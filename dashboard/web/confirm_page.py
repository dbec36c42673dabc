"""Confirm that it is you: password and code, or passkey, and back to where somebody was."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import step_up
from core.access.passkeys import WrongPasskey
from core.access.step_up import Asked, NothingToProve, WrongProof
from core.encryption import Encrypter
from core.errors import Misconfigured, TooManyAttempts
from dashboard.i18n import _
from dashboard.ui.step_up import PATH
from dashboard.web import plain_page
from dashboard.web.login import OIDC_START, SignInDesk, inside, read_form, stale_form, too_many
from dashboard.web.plain_page import Field, Form
from dashboard.web.session_lookup import SessionResolver

#: Where the form of a passkey goes to.
PASSKEY_PATH = f"{PATH}/passkey"
_log = logging.getLogger(__name__)


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The form; the middleware lets nobody without a session get here."""
    context = _Confirming(resolver)
    return [
        Route(PATH, context.show, methods=["GET"]),
        Route(PATH, context.enter, methods=["POST"]),
        Route(PASSKEY_PATH, context.enter, methods=["POST"]),
    ]


class _Confirming(SignInDesk):
    async def show(self, request: Request) -> Response:
        """The empty form."""
        return await self._form(request, inside(request.query_params.get("next")))

    async def enter(self, request: Request) -> Response:
        """Back to where they were, or the form again."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        onward = inside(form.get("next"))
        with plain_page.speaking(request):
            if not self.is_our_form(request, form):
                return await self._form(request, onward, stale_form(), 403)
            try:
                await to_thread.run_sync(self._work(request, form), limiter=self.threads)
            except (WrongProof, WrongPasskey) as error:
                return await self._form(request, onward, ("error", _(error.message)), 401)
            except TooManyAttempts:
                return await self._form(request, onward, too_many(), 429)
            except NothingToProve:
                return self._again(onward)
            except Misconfigured as error:
                _log.error("second factors cannot be read: %s", error.message)
                said = _("Codes of the app cannot be read now. Use a recovery code.")
                return await self._form(request, onward, ("error", said), 503)
        return RedirectResponse(onward, 303, headers={"Cache-Control": "no-store"})

    def _work(self, request: Request, form: dict[str, str]) -> partial[None]:
        console, ours = self.resolver.console, self.party(request)
        if request.url.path == PASSKEY_PATH and ours is not None:
            return partial(
                step_up.prove_by_passkey,
                console.engine,
                request.state.session,
                form.get("password", ""),
                form.get("answer", ""),
                ours,
                visitor=self.visitor(request),
                now=self.resolver.now(),
            )
        return partial(
            step_up.prove,
            console.engine,
            request.state.session,
            form.get("password", ""),
            form.get("code", ""),
            Encrypter(console.settings.encryption_key.get_secret_value()),
            visitor=self.visitor(request),
            now=self.resolver.now(),
        )

    def _again(self, onward: str) -> Response:
        """Whom the provider signs in, it asks again; its answer says when it did."""
        where = f"{OIDC_START}?again=1&next={quote(onward, safe='')}"
        return RedirectResponse(where, 303)

    async def _form(
        self,
        request: Request,
        onward: str,
        said: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        look = partial(
            step_up.asked_for,
            self.resolver.console.engine,
            request.state.session,
            self.party(request),
            self.resolver.now(),
        )
        asked = await self.resolver.in_thread(look)
        if asked.nothing:
            return self._again(onward)
        with plain_page.speaking(request):
            return plain_page.answer(
                self,
                request,
                title=_("Confirm that it is you"),
                intro=_("What comes next asks for it. You come back to where you were."),
                forms=list(_forms(asked)),
                onward=onward,
                said=said,
                back=_("Back without confirming"),
                status=status,
            )


def _forms(asked: Asked) -> Iterator[Form]:
    password = [Field("password", _("Password"), plain_page.PASSWORD)] * asked.password
    if asked.passkey is not None:
        yield Form(PASSKEY_PATH, _("Use a passkey"), password, ceremony=asked.passkey)
    code = [Field("code", _("Code"), plain_page.CODE)] * asked.factor
    yield Form(PATH, _("Confirm"), [*password, *code], quiet=asked.passkey is not None)
