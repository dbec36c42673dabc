"""Addresses that a client gives: where webhooks go, where customers come back to."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from core.emulator.state.errors import refused


def split(url: str) -> SplitResult | None:
    """The parts of an absolute http or https address; None for anything else."""
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        parts.port  # noqa: B018 (reading it checks it)
    except ValueError:
        return None
    return parts if whole else None


def checked(url: str, param: str) -> str:
    """The address itself; refuses what no browser could open."""
    if split(url) is None:
        raise refused(
            "Invalid URL: An explicit scheme (such as https) must be provided.",
            param,
            "url_invalid",
        )
    return url


def with_query(url: str, query: str) -> str:
    """The address with more in its query, before any fragment."""
    plain, mark, fragment = url.partition("#")
    joined = f"{plain}{'&' if '?' in plain else '?'}{query}"
    return f"{joined}{mark}{fragment}"
