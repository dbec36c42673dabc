"""The draft of an answer to a dispute, read at Stripe, with what its files weigh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core import clock
from core.actions.context import ActionContext
from core.actions.disputes import evidence_files
from core.actions.disputes.evidence_validation import Attached, Draft
from core.db.engine import reading
from core.db.tables import evidence_files as table
from core.gateway import objects
from core.gateway.evidence_fields import APPEAL, APPEAL_FILE, APPEAL_REASON, FILES, TEXTS


def read(context: ActionContext, dispute_id: str, livemode: bool) -> Draft:
    """The dispute's evidence as Stripe has it now."""
    return draft_of(context, context.gateway(livemode).get(f"/v1/disputes/{dispute_id}"), livemode)


def draft_of(context: ActionContext, source: Mapping[str, Any], livemode: bool) -> Draft:
    """The draft in a dispute of Stripe's; that of the appeal, where only an appeal is taken."""
    dispute = objects.read_dispute(source, as_of=clock.now(), livemode=livemode)
    read_part = _of_appeal if dispute.status == APPEAL else _of_dispute
    texts, ids = read_part(source.get("evidence") or {})
    return Draft(dispute, texts, _weighed(context, ids, livemode))


def read_all(context: ActionContext, dispute_id: str, livemode: bool) -> Draft:
    """The evidence of a dispute as Stripe has it now, that of its appeal with it."""
    source = context.gateway(livemode).get(f"/v1/disputes/{dispute_id}")
    dispute = objects.read_dispute(source, as_of=clock.now(), livemode=livemode)
    evidence = source.get("evidence") or {}
    (texts, ids), (reason, supporting) = _of_dispute(evidence), _of_appeal(evidence)
    return Draft(dispute, texts | reason, _weighed(context, ids | supporting, livemode))


def _of_dispute(evidence: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Texts, and ids of files, by their fields."""
    texts = {name: str(evidence[name]) for name in TEXTS if evidence.get(name)}
    return texts, {name: _id(evidence[name]) for name in FILES if evidence.get(name)}


def _of_appeal(evidence: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    appeal = (evidence.get("appeal") or {}).get("card") or {}
    texts = {name: str(appeal[name]) for name in (APPEAL_REASON,) if appeal.get(name)}
    listed = enumerate(appeal.get("supporting_files") or [], 1)
    return texts, {f"{APPEAL_FILE}{number}": _id(file) for number, file in listed}


def to_keep(after: Draft, changed: Mapping[str, str]) -> dict[str, Any]:
    """What to send of a draft: what changed; of an appeal all, for its files are one field."""
    if not after.appeal:
        return dict(changed)
    files = [file.file_id for _, file in sorted(after.files.items(), key=_place)]
    return {"appeal": {"card": {**after.texts, **({"supporting_files": files} if files else {})}}}


def _place(named: tuple[str, Any]) -> int:
    return int(named[0].removeprefix(APPEAL_FILE))


def _id(file: Any) -> str:
    return str(file["id"] if isinstance(file, Mapping) else file)


def _weighed(context: ActionContext, ids: Mapping[str, str], livemode: bool) -> dict[str, Attached]:
    """What is known here; of a file that came from elsewhere Stripe tells all but its pages."""
    e = table.c
    with reading(context.engine) as connection:
        query = select(table).where(e.stripe_id.in_(list(ids.values())))
        known = {row.stripe_id: row for row in connection.execute(query)} if ids else {}
    found = {}
    for field, file_id in ids.items():
        if row := known.get(file_id):
            found[field] = Attached(field, file_id, row.kind, row.size_bytes, row.pages, row.name)
        else:
            file = context.gateway(livemode).get(f"/v1/files/{file_id}")
            kind = str(file.get("type") or "")
            pages = None if kind == "pdf" else 1
            name = evidence_files.name_of(file.get("filename"))
            size = int(file.get("size") or 0)
            found[field] = Attached(field, file_id, kind, size, pages, name)
    return found
