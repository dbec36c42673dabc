"""A body without personal data still says all that the mirror keeps of an old object."""

import json
import random

import pytest

from core import clock
from core.errors import MalformedObject
from core.gateway.objects import read_object
from core.gateway.redacted_bodies import redacted
from core.mirror.personal import reduced
from tests.support.sdk_objects import CLASSES, whole

NOW = 1_790_000_000
KINDS = [kind for kind in CLASSES if kind != "balance_transaction"]
NAMES = {"early_fraud_warning": "radar.early_fraud_warning"}
#: What every object has, so that most can be read.
RIGHT = {"id": "obj_1", "created": NOW, "livemode": False, "currency": "usd", "amount": 700}


def said(body):
    source = json.loads(body)["data"]["object"]
    try:
        found = read_object(source, as_of=clock.from_unix(NOW), confirmed=False, livemode=False)
    except MalformedObject:
        return None
    return reduced(found, clock.NEVER)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mirror_reads_the_same_of_both(kind):
    dice, readable = random.Random(7), 0
    for _ in range(150):
        subject = whole(CLASSES[kind], dice) | RIGHT | {"object": NAMES.get(kind, kind)}
        body = json.dumps({"object": "event", "data": {"object": subject}}).encode()
        before = said(body)
        if before is not None:
            readable += 1
            assert said(redacted(body)) == before
    assert readable > 5


def test_only_known_words_are_left():
    subject = {
        "id": "ch_1",
        "object": "charge",
        "amount": 5,
        "paid": True,
        "status": "succeeded",
        "anything_new": "Ada",
        "billing_details": {"name": "Ada", "address": {"line1": "1 Road", "country": "GB"}},
        "metadata": {"order_id": "7", "gift": "Ada"},
        "tags": ["Ada"],
    }
    left = json.loads(redacted(json.dumps(subject).encode()))
    assert left == {
        "id": "ch_1",
        "object": "charge",
        "amount": 5,
        "paid": True,
        "status": "succeeded",
        "anything_new": None,
        "billing_details": {"name": None, "address": {"line1": None, "country": "GB"}},
        "metadata": {"order_id": "7"},
        "tags": [None],
    }
