"""The README's questions, asked of a published simulated company whose troubles are known."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.readme import blocks
from tests.short_company import published_short_company
from transforms.catalog import TABLES

QUERIES = {block.splitlines()[0].removeprefix("-- "): block for block in blocks("sql")}

STREAMS = {"Core Services", "Data Platform", "Growth Lab", "Mobile Apps", "Payments", "Storefront"}

COMPLETE_QUARTERS = ["2025-10-01", "2026-01-01"]
"""The history begins within the first of them and ends on the last day of the quarter after the second."""


@pytest.fixture(scope="session")
def short_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_short_company(tmp_path_factory)


def ask(data: Path, number: int) -> pl.DataFrame:
    [query] = [text for title, text in QUERIES.items() if title.startswith(f"{number}. ")]
    return answer(data, query)


def answer(data: Path, query: str) -> pl.DataFrame:
    with duckdb.connect(data / "flow.duckdb", read_only=True) as base:
        base.execute("SET TimeZone = 'UTC'")
        return base.sql(query).pl()


def test_every_sql_block_is_one_question_of_its_own():
    assert len(QUERIES) == len(blocks("sql"))
    assert [int(title.split(".")[0]) for title in QUERIES] == list(range(1, 13))


@pytest.mark.parametrize("title", QUERIES)
def test_every_query_runs_and_answers(short_company: Path, title: str):
    assert answer(short_company, QUERIES[title]).height > 0


@pytest.mark.parametrize("title", QUERIES)
def test_queries_ask_declared_tables_only(title: str):
    asked = set(re.findall(r"\b((?:core|metrics|quality)\.\w+)", QUERIES[title]))
    assert asked <= {f"{table.layer}.{table.name}" for table in TABLES}
    assert asked


def test_review_waited_longest_at_payments_in_the_last_complete_quarter(short_company: Path):
    rows = ask(short_company, 1)
    assert set(rows["value_stream"]) == STREAMS
    assert rows.group_by("value_stream").len()["len"].max() <= 3
    first = rows.group_by("value_stream", maintain_order=True).first()
    longest = dict(first.select("value_stream", "stage_name").rows())
    assert (longest["Payments"], longest["Storefront"]) == ("Review", "Release")
    per_issue = first.filter(pl.col.value_stream == "Payments")["days_per_delivered_issue"].item()
    assert 3 < per_issue < 60


def test_rework_in_qa_costs_no_less_than_the_touch_in_it(short_company: Path):
    rows = ask(short_company, 2)
    assert set(rows["from_stage_name"]) <= {"QA", "Testing"}
    assert {"Storefront", "Mobile Apps"} <= set(rows["value_stream"])
    assert rows["sent_back"].sum() > 10
    assert (rows["of_those_done_again"] <= rows["working_days_lost"] + 0.1).all()
    assert (rows.filter(pl.col.sent_back == 0)["working_days_lost"] == 0).all()


def test_one_stage_a_stream_takes_most_of_the_cycle_time(short_company: Path):
    rows = ask(short_company, 3)
    assert sorted(rows["value_stream"]) == sorted(STREAMS)
    assert ((rows["share_low"] <= rows["share"]) & (rows["share"] <= rows["share_high"])).all()
    assert dict(rows.select("value_stream", "stage_name").rows())["Payments"] == "Review"
    assert rows["share"].is_between(0.2, 1).all()


def test_the_promise_is_a_number_of_days_with_an_interval_and_is_kept_or_broken(short_company: Path):
    rows = ask(short_company, 4).drop_nulls("days")
    assert set(rows["value_stream"]) == STREAMS
    assert ((rows["days_low"] <= rows["days"]) & (rows["days"] <= rows["days_high"])).all()
    assert rows["days"].is_between(1, 120).all()
    judged = rows.drop_nulls("kept_share")
    share = judged["kept_count"] / (judged["kept_count"] + judged["broken_count"])
    assert ((share - judged["kept_share"]).abs() <= 0.006).all()
    assert 0.6 < share.mean() < 1


def test_what_is_too_old_is_sorted_by_age_and_mostly_late_already(short_company: Path):
    rows = ask(short_company, 5)
    assert rows["issue_key"].is_unique().all()
    assert rows["age_days"].is_sorted(descending=True)
    certain = rows.filter(pl.col.chance_to_be_late == 1)
    assert (certain["age_days"] >= certain["promised_days"] - 1).all()
    assert rows["age_days"].max() < 34 * 7 + 7


def test_the_storefront_waits_for_its_release_train(short_company: Path):
    rows = ask(short_company, 6)
    assert rows.row(0, named=True)["value_stream"] == "Storefront"
    assert rows["days_waited"][0] > 300
    assert rows["there_now"].min() >= 0


def test_shares_of_decisions_add_up_and_a_category_is_the_weakest_reason(short_company: Path):
    rows = ask(short_company, 7)
    assert rows["share"].sum() == pytest.approx(1, abs=0.02)
    assert set(rows["decided_by"]) <= {"config_id", "config_name", "name_pattern", "category", "unmapped"}
    assert (rows["statuses"] > 0).all()


def test_payments_has_started_many_times_too_much(short_company: Path):
    rows = ask(short_company, 8)
    assert set(rows["value_stream"]) == STREAMS
    assert rows["week_start_date"].n_unique() == 1
    first = rows.row(0, named=True)
    assert first["value_stream"] == "Payments"
    assert first["times_too_much"] > 2
    assert first["ratio_low"] <= first["started_per_ended"] <= first["ratio_high"]


def test_what_is_withheld_of_cycle_times_is_said(short_company: Path):
    rows = ask(short_company, 9)
    assert sorted(set(rows["period_start_date"].cast(pl.String()))) == COMPLETE_QUARTERS
    assert rows.filter(pl.col.delivered_p85.is_null())["note"].is_not_null().all()
    told = rows.drop_nulls("delivered_p85")
    assert told.height >= len(STREAMS)
    assert told["delivered_p85"].is_between(2, 120).all()


def test_the_longest_queue_is_the_reviews_of_payments(short_company: Path):
    first = ask(short_company, 10).row(0, named=True)
    assert (first["value_stream"], first["stage_name"]) == ("Payments", "Review")
    assert first["waiting"] > 10
    assert first["drain_weeks"] > 1
    assert first["arrivals_per_capacity"] > 1


def test_the_way_from_idea_to_user_has_no_fourth_part(short_company: Path):
    rows = ask(short_company, 11)
    parts = ("before_start", "in_flow", "after_done")
    assert rows.select(pl.sum_horizontal(parts)).to_series().is_between(0.98, 1.02).all()
    assert all(share > 0 for share in rows.select(pl.col(parts).max()).row(0))


def test_a_whole_site_leaves_nothing_out(short_company: Path):
    [row] = ask(short_company, 12).rows(named=True)
    assert row["issues"] > 2_000
    assert (row["doubtful_histories"], row["left_out"], row["broken_rules"]) == (0, 0, 0)
    assert f"{row['as_of']:%Y-%m-%dT%H:%M}" == "2026-06-30T16:00"
