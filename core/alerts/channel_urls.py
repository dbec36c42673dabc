"""Addresses of channels: which are taken, how they are kept, and what may be seen of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

from core.encryption import Encrypter
from core.errors import InvalidInput

ChannelType = Literal["webhook", "email", "chat"]

#: The services of apprise that are taken, by scheme. Those that write to this machine (its desktop,
#: its log, a bus), run programs or read files are not among them.
SCHEMES: dict[str, ChannelType] = {
    **dict.fromkeys(("json", "jsons", "form", "forms", "xml", "xmls"), "webhook"),
    **dict.fromkeys(("mailto", "mailtos"), "email"),
    **dict.fromkeys(
        (
            *("slack", "discord", "workflow", "workflows", "msteams", "tgram", "gchat"),
            *("mmost", "mmosts", "rocket", "rockets", "zulip", "webex", "lark", "feishu"),
            *("dingtalk", "wecombot", "ntfy", "ntfys", "gotify", "gotifys", "pover"),
        ),
        "chat",
    ),
}
#: Parameters of apprise's addresses that name a file on this machine, or weaken the way there.
_REFUSED = frozenset(
    "template pgp pgppub pgpprv pgpkey wkd key keyfile cert certfile attach attachments"
    " redirect verify cto rto retry wait".split()
)
LONGEST = 2000
_SEALED, _PLAIN = "fernet:", "plain:"


@dataclass(frozen=True, slots=True)
class ChannelSecrets:
    """Keeps addresses: encrypted with `key` (what ENCRYPTION_KEY says), or as they are where it is
    empty."""

    key: str = field(default="", repr=False)

    def seal(self, url: str) -> str:
        """What is kept of an address; `Misconfigured` where the key is none."""
        if not self.key:
            return _PLAIN + url
        return _SEALED + Encrypter(self.key).encrypt(url)

    def open(self, kept: str) -> str:
        """The address; `Misconfigured` where it was kept with another key."""
        if kept.startswith(_PLAIN):
            return kept.removeprefix(_PLAIN)
        return Encrypter(self.key).decrypt(kept.removeprefix(_SEALED))

    def rotate(self, kept: str) -> str:
        """The same address, encrypted anew with the first key."""
        if kept.startswith(_PLAIN):
            return self.seal(kept.removeprefix(_PLAIN))
        return _SEALED + Encrypter(self.key).rotate(kept.removeprefix(_SEALED))


def checked(url: object) -> str:
    """An address of a kind that is taken; `InvalidInput` naming the rule, never the address."""
    if not isinstance(url, str) or not url.strip():
        raise InvalidInput("url", "must be the address of a channel, such as jsons://host/path")
    text = url.strip()
    if len(text) > LONGEST or not text.isprintable():
        raise InvalidInput("url", "must be one line of at most {most} characters", most=LONGEST)
    if scheme(text) not in SCHEMES:
        rule = "must begin with one of {allowed}"
        raise InvalidInput("url", rule, allowed=", ".join(f"{one}://" for one in SCHEMES))
    query = text.partition("?")[2]
    names = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
    if refused := sorted(names & _REFUSED):
        raise InvalidInput("url", "must not have the parameter {name}", name=refused[0])
    return text


def scheme(url: str) -> str:
    """What stands before `://`, in lower case; '' without it."""
    before, found, _ = url.partition("://")
    return before.strip().lower() if found else ""


def masked(url: str) -> str:
    """What may be seen of an address: a host where it is no secret itself, nothing behind it.

    Chat services carry their tokens in the place of the host.
    """
    name = scheme(url)
    if SCHEMES[name] == "chat":
        return f"{name}://…"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{name}://…"
    place = host if port is None else f"{host}:{port}"
    return f"{name}://{place[:200]}/…"
