"""Each read names its right, its mode and its parameters."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import core.reads
from core.access.rights import RIGHTS

STATUSES = "core.reads.disputes.statuses"


def all_reads() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public function of `core.reads` that takes a connection, but for search's own parts.

    Which statuses there are is no read: it is a part of reads that name their right.
    """
    for module in pkgutil.walk_packages(core.reads.__path__, "core.reads."):
        if module.name.startswith("core.reads.search.") or module.name == STATUSES:
            continue
        read = importlib.import_module(module.name)
        for name, found in vars(read).items():
            own = inspect.isfunction(found) and found.__module__ == read.__name__
            if own and not name.startswith("_") and "conn" in inspect.signature(found).parameters:
                yield f"{module.name.removeprefix('core.reads.')}.{name}", found


READS = dict(all_reads())
MONEYED = ("revenue.revenue.", "exports.", "payouts.", "proof.", "ledger.", "periods.")
MONEY = {name for name in READS if name.startswith(MONEYED)}
#: Logs hold no money; the lines of a bank have a right of their own.
MONEY -= {
    f"exports.sizes.{name}_exceed" for name in ("events", "calls", "list_entries", "bank_lines")
}
MONEY.add("overview.overview.net_today")
#: Pass what they are asked on to another read.
ON_BEHALF = {
    f"exports.permitted.{name}" for name in ("customers", "disputes", "payments", "refunds")
}
ON_BEHALF.add("exports.permitted.closed_figures")
#: People and their log are the same in both modes.
MODELESS = {name for name in READS if name.startswith("admin.")}
#: So are the rules of risk, its lists and those who work on it.
#: And what is watched, and whom it is told to.
MODELESS |= {"alerts.alerts.deliveries", "alerts.settings.channels", "alerts.settings.rules"}
MODELESS |= {"fraud.cases.workers", "fraud.lists.page", "fraud.rules.history"}
MODELESS |= {"fraud.rules.draft", "fraud.rules.proposed", "exports.sizes.list_entries_exceed"}
#: And what people keep of a list.
MODELESS.add("lists.views.kept")
#: And those who reconcile.
MODELESS.add("proof.breaks.workers")


@pytest.mark.parametrize("name", READS)
def test_read_names_a_right_that_exists(name: str) -> None:
    right = READS[name].right
    assert right in RIGHTS
    assert right == ("see_revenue" if name in MONEY else right)


@pytest.mark.parametrize("name", sorted(READS.keys() - ON_BEHALF))
def test_read_takes_a_connection_then_named_parameters_with_a_mode(name: str) -> None:
    first, *others = inspect.signature(READS[name]).parameters.values()
    assert first.name == "conn"
    assert {other.kind for other in others} <= {inspect.Parameter.KEYWORD_ONLY}
    assert ("livemode" in [other.name for other in others]) == (name not in MODELESS)
