"""The way to a company's own provider and back: no page of ours, but two addresses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from core.access import oidc
from core.access.oidc import ProviderRefused
from core.errors import TooManyAttempts
from dashboard.i18n import _
from dashboard.web.login import OIDC_START, SignInDesk, inside, too_many
from dashboard.web.session_lookup import SessionResolver

_MINUTES = 10
T = TypeVar("T")


def routes(resolver: SessionResolver) -> list[BaseRoute]:
    """Both are open to anyone: what they begin ends at the provider."""
    context = _Visiting(resolver)
    return [
        Route(OIDC_START, context.leave_for, methods=["GET"]),
        Route(oidc.CALLBACK, context.come_back, methods=["GET"]),
    ]


class _Visiting(SignInDesk):
    async def leave_for(self, request: Request) -> Response:
        """To the provider; back to the sign-in where none is set or it does not answer."""
        console = self.resolver.console
        provider = oidc.provider(console.settings)
        if provider is None:
            return RedirectResponse("/login", 303)
        onward = inside(request.query_params.get("next"))
        work = partial(
            oidc.start,
            console.engine,
            provider,
            onward,
            again="again" in request.query_params,
            visitor=self.visitor(request),
            session=request.state.session,
            now=self.resolver.now(),
        )
        try:
            begun = await self._apart(work)
        except ProviderRefused:
            return self.page(request, onward, said=_refused, status=502)
        except TooManyAttempts:
            return self.page(request, onward, said=too_many, status=429)
        answer = RedirectResponse(begun.address, 303, headers={"Cache-Control": "no-store"})
        self.set_cookie(answer, self._cookie, begun.state, 60 * _MINUTES)
        return answer

    async def come_back(self, request: Request) -> Response:
        """A session for whom the provider named, or the sign-in with what is wrong."""
        console = self.resolver.console
        provider = oidc.provider(console.settings)
        if provider is None:
            return RedirectResponse("/login", 303)
        work = partial(
            oidc.finish,
            console.engine,
            provider,
            state=request.query_params.get("state", ""),
            kept_state=request.cookies.get(self._cookie, ""),
            code=request.query_params.get("code", ""),
            visitor=self.visitor(request),
            production=console.production,
            now=self.resolver.now(),
        )
        try:
            found, onward = await self._apart(work)
        except ProviderRefused:
            answer = self.page(request, "/", said=_refused, status=401)
        else:
            if request.state.session is not None:
                await self.ended(request.state.session)
            answer = self.let_on(found, onward)
        self.drop_cookie(answer, self._cookie)
        return answer

    async def _apart(self, work: Callable[[], T]) -> T:
        """In a few threads of their own: a slow provider must hold up no look-up of a session."""
        return await to_thread.run_sync(work, limiter=self.threads)

    @property
    def _cookie(self) -> str:
        return f"{self.resolver.cookie}-oidc"


def _refused() -> tuple[str, str]:
    return "error", _(ProviderRefused.said())
