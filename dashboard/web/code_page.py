"""The second step of a sign-in: a passkey, a code of the authenticator app, or a recovery code."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access.passkeys import WrongPasskey
from core.access.sessions import Entry
from core.access.sign_in import (
    Factors,
    StepSpent,
    WrongCode,
    factors_at,
    sign_in_with_code,
    sign_in_with_passkey,
)
from core.encryption import Encrypter
from core.errors import Misconfigured, TooManyAttempts
from dashboard.i18n import _
from dashboard.web import plain_page
from dashboard.web.login import (
    CODE_PATH,
    PASSKEY_PATH,
    SignInDesk,
    inside,
    read_form,
    stale_form,
    too_many,
)
from dashboard.web.plain_page import Field, Form
from dashboard.web.session_lookup import SessionResolver

_log = logging.getLogger(__name__)


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """The form, for who has just typed the right password."""
    context = _SecondStep(resolver)
    return [
        Route(CODE_PATH, context.show, methods=["GET"]),
        Route(CODE_PATH, context.enter, methods=["POST"]),
        Route(PASSKEY_PATH, context.enter, methods=["POST"]),
    ]


class _SecondStep(SignInDesk):
    async def show(self, request: Request) -> Response:
        """The empty form; whether the password was right is told by no address alone."""
        if not request.cookies.get(self.step_cookie):
            return RedirectResponse("/login", 303)
        return await self._form(request, inside(request.query_params.get("next")))

    async def enter(self, request: Request) -> Response:
        """A session for the right code or passkey, or the form again."""
        form = await read_form(request)
        if form is None:
            return HTMLResponse("too large", 413)
        onward = inside(form.get("next"))
        with plain_page.speaking(request):
            if not self.is_our_form(request, form):
                return await self._form(request, onward, stale_form(), 403)
            try:
                entry = await to_thread.run_sync(self._work(request, form), limiter=self.threads)
            except (WrongCode, WrongPasskey) as error:
                return await self._form(request, onward, ("error", _(error.message)), 401)
            except TooManyAttempts:
                return await self._form(request, onward, too_many(), 429)
            except StepSpent:
                return self.page(request, onward, said=_spent, status=401)
            except Misconfigured as error:
                _log.error("second factors cannot be read: %s", error.message)
                said = _("Codes of the app cannot be read now. Use a recovery code.")
                return await self._form(request, onward, ("error", said), 503)
        if request.state.session is not None:
            await self.ended(request.state.session)
        answer = self.let_in(entry, onward)
        self.drop_cookie(answer, self.step_cookie)
        return answer

    def _work(self, request: Request, form: dict[str, str]) -> partial[Entry]:
        console, ours = self.resolver.console, self.party(request)
        if request.url.path == PASSKEY_PATH and ours is not None:
            return partial(
                sign_in_with_passkey,
                console.engine,
                step=request.cookies.get(self.step_cookie, ""),
                answer=form.get("answer", ""),
                party=ours,
                visitor=self.visitor(request),
                production=console.production,
                now=self.resolver.now(),
            )
        return partial(
            sign_in_with_code,
            console.engine,
            step=request.cookies.get(self.step_cookie, ""),
            code=form.get("code", ""),
            visitor=self.visitor(request),
            encrypter=Encrypter(console.settings.encryption_key.get_secret_value()),
            production=console.production,
            now=self.resolver.now(),
        )

    async def _form(
        self,
        request: Request,
        onward: str,
        said: tuple[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        step = request.cookies.get(self.step_cookie, "")
        look = partial(
            factors_at,
            self.resolver.console.engine,
            step,
            self.party(request),
            self.resolver.now(),
        )
        factors = await self.resolver.in_thread(look)
        with plain_page.speaking(request):
            return plain_page.answer(
                self,
                request,
                title=_("Second step"),
                intro=_intro(factors),
                forms=list(_forms(factors)),
                onward=onward,
                said=said,
                status=status,
            )


def _intro(factors: Factors) -> str:
    if factors.passkey is None:
        return _("Type the code that your authenticator app shows, or a recovery code.")
    if factors.app:
        return _("Use your passkey, the code of your authenticator app, or a recovery code.")
    return _("Use your passkey, or type a recovery code.")


def _forms(factors: Factors) -> Iterator[Form]:
    if factors.passkey is not None:
        yield Form(PASSKEY_PATH, _("Use a passkey"), ceremony=factors.passkey)
    fields = [Field("code", _("Code"), plain_page.CODE)]
    yield Form(CODE_PATH, _("Sign in"), fields, quiet=factors.passkey is not None)


def _spent() -> tuple[str, str]:
    return "error", _(StepSpent.said())
