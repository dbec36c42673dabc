"""A long list goes to the worker: its page says how far it is, then gives the file to who asked."""

from __future__ import annotations

import io
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from core import clock
from core.actions.exports import requests, worker
from core.db.engine import writing
from core.errors import ListRepeated
from dashboard.ui import viewer
from dashboard.web import export_page
from tests.dashboard.web.test_file_exports import client, table
from tests.support import factories
from tests.support.fixtures_access import audited, give, make_console, person

__all__ = ["client"]

FILE = "/ui/export/payments.csv"
ROWS = 12


@pytest.fixture
def console(tmp_path):
    made = make_console(f"sqlite:///{tmp_path / 'tillwatch.db'}", var_dir=tmp_path / "var")
    yield made
    made.engine.dispose()


@pytest.fixture(autouse=True)
def long_list(console, monkeypatch):
    """More payments than are written while one waits, newest first."""
    viewer._context.cache_clear()
    monkeypatch.setattr(requests, "LARGE", ROWS - 1)
    with writing(console.engine) as connection:
        made = [factories.paid(connection)["stripe_id"] for _ in range(ROWS)][::-1]
    yield made
    viewer._context.cache_clear()


def write(console):
    folder = console.settings.var_dir / requests.FOLDER
    return worker.write_waiting(console.engine, folder, console.read, console.settings.zone)


def test_a_page_stands_in_for_a_long_file_until_it_is_written(console, client, long_list):
    ask = client(person(console, "finance"))
    page = ask.get(FILE, params={"q": "status:succeeded"})
    assert page.status_code == 200
    assert "being written" in page.text
    assert 'http-equiv="refresh"' in page.text
    where = page.url.path
    assert ask.get(f"{where}/file").status_code == 404
    assert write(console)
    page = ask.get(where)
    assert f"{ROWS} rows" in page.text
    assert "refresh" not in page.text
    assert f'href="{where}/file"' in page.text
    answer = ask.get(f"{where}/file")
    assert [row["id"] for row in table(answer)] == long_list
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="payments-')


def test_parquet_comes_the_same_way(console, client, long_list):
    ask = client(person(console, "finance"))
    where = ask.get("/ui/export/payments.parquet").url.path
    assert write(console)
    answer = ask.get(f"{where}/file")
    assert pq.read_table(io.BytesIO(answer.content))["id"].to_pylist() == long_list


def test_asking_again_leads_to_the_same_page(console, client):
    ask = client(person(console, "finance"))
    assert len({ask.get(FILE, params={"q": "currency:usd"}).url.path for _ in range(3)}) == 1


def test_a_short_list_is_a_file_at_once(console, client):
    ask = client(person(console, "finance"))
    assert table(ask.get(FILE, params={"q": "status:failed"})) == []
    assert not write(console)


def test_asking_and_each_fetching_stand_in_the_log(console, client):
    user = person(console, "finance")
    ask = client(user)
    where = ask.get(FILE, params={"q": "currency:usd"}).url.path
    assert audited(console, "export") == []
    assert [row.actor for row in audited(console, "export.ask")] == [user]
    write(console)
    for _ in range(2):
        ask.get(f"{where}/file")
    rows = audited(console, "export")
    assert [(row.actor, row.target) for row in rows] == [(user, "payments.csv")] * 2
    assert "currency" in rows[0].details


def test_who_lost_the_right_gets_nothing_any_more(console, client):
    user = person(console, "finance")
    ask = client(user)
    where = ask.get(FILE).url.path
    write(console)
    assert ask.get(f"{where}/file").status_code == 200
    give(console, user, "viewer")
    for address in (where, f"{where}/file"):
        assert ask.get(address).status_code == 403
    assert ask.post(f"{where}/cancel").status_code == 403
    assert len(audited(console, "export")) == 2  # one fetched, one refused


def test_it_is_nobody_elses(console, client):
    where = client(person(console, "finance")).get(FILE).url.path
    write(console)
    other = client(person(console, "finance"))
    assert other.get(where).status_code == 404
    assert other.get(f"{where}/file").status_code == 404


def test_who_may_not_take_the_list_away_asks_for_nothing(console, client):
    assert client(person(console, "risk")).get(FILE).status_code == 403
    assert not write(console)


def test_it_can_be_canceled(console, client):
    ask = client(person(console, "finance"))
    where = ask.get(FILE).url.path
    assert "canceled" in ask.post(f"{where}/cancel").text
    assert not write(console)
    assert ask.get(f"{where}/file").status_code == 404


def test_a_file_that_is_no_longer_kept_is_named_so(console, client):
    ask = client(person(console, "finance"))
    where = ask.get(FILE).url.path
    write(console)
    folder = console.settings.var_dir / requests.FOLDER
    worker.remove_old(console.engine, folder, at=clock.now() + timedelta(days=2))
    assert "no longer kept" in ask.get(where).text
    assert ask.get(f"{where}/file").status_code == 404


def test_the_page_speaks_chinese(console, client):
    page = client(person(console, "finance")).get(FILE, headers={"accept-language": "zh-CN"})
    assert 'lang="zh-CN"' in page.text
    assert "正在写入您的文件" in page.text


def test_why_a_file_was_not_written_is_said_in_both_languages(console, client, tmp_path):
    (console.settings.var_dir).write_text("no folder")
    ask = client(person(console, "finance"))
    where = ask.get(FILE).url.path
    write(console)
    assert worker.NOT_WRITTEN in ask.get(where).text
    assert "文件无法写入" in ask.get(where, headers={"accept-language": "zh"}).text
    whys = {worker.NOT_WRITTEN, worker.STOPPED, ListRepeated.said()}
    assert set(export_page.WHYS) == whys


@pytest.mark.parametrize("text", ["status:failed", "-status:succeeded", "amount:>99999"])
def test_what_a_filter_leaves_decides(console, client, text):
    answer = client(person(console, "finance")).get(FILE, params={"q": text})
    assert answer.headers["content-type"].startswith("text/csv")
