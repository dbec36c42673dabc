"""The documentation in a browser: complete, and without a word to any other host."""

from __future__ import annotations

import os
import re

import pytest

from tests.support.fixtures_rest import PREFIX
from tests.support.whole_program import browsing, chromium

ROUTES = ("config", "create-payment-intent", "confirm-payment", "payment-intent/{id}", "refund")


def test_the_page_names_no_other_host(shared_api):
    page = shared_api.client.get("/api/docs").text
    assert re.findall(r"https?://[^\s\"']+", page) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert shared_api.client.get(address).status_code == 200, address


@pytest.mark.browser
def test_the_page_shows_every_route_and_asks_nobody_else(shared_api):
    if chromium() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed; with CI=true this test must run")
        pytest.skip("Chromium is not installed")
    base = str(shared_api.client.base_url)
    asked, wrong = [], []
    with browsing() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.goto(f"{base}/api/docs")
        page.wait_for_selector(".opblock")
        shown = {one.inner_text() for one in page.query_selector_all(".opblock-summary-path")}
        page.close()
    assert {f"{PREFIX}/{route}" for route in ROUTES} <= {
        re.sub(r"[\u200b\s]", "", one) for one in shown
    }
    assert {url for url in asked if not url.startswith((base, "data:"))} == set()
    assert wrong == []
