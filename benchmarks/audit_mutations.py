"""Does the audit name every planted defect, and leave sound tables alone? ``make mutationbench``.

Plants each defect of ``audit_defects`` in the tables of a simulated company, and each of ``audit_raw_defects`` in its
raw tables, which are built anew then; the right rule has to be among those that are broken. Then builds other
companies, at other moments and in other calendars: no rule may be broken. The rules are asked straight in DuckDB, by
the queries Great Expectations runs; a sample goes through Great Expectations itself and has to say the same.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

from benchmarks.audit_builds import Moment, Raw, build, raw_of_company, with_itself_before
from benchmarks.audit_defects import DEFECTS, Defect
from benchmarks.audit_raw_defects import RAW_DEFECTS, RawDefect
from benchmarks.audit_tables import Broken, Staged, touched
from pipelines.config import FlowConfig
from pipelines.sandbox.company.build import NOW

CALENDARS = (
    {},
    {"zone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"], "hours": "09:00-17:00"},
    {"zone": "Asia/Kolkata", "days": ["mon", "tue", "wed", "thu", "fri", "sat"], "hours": "10:00-18:30"},
    {"zone": "America/New_York", "days": ["mon", "tue", "wed", "thu"], "hours": "08:00-18:00"},
    {"zone": "Australia/Lord_Howe", "days": ["sun", "mon", "tue", "wed", "thu"], "hours": "00:00-24:00"},
)
"""Sections of flow.toml that clean builds take in turn."""

WEEKS = (4, 7, 10, 14, 20, 30)
"""Weeks of history a company that is built clean may have."""


def judge(staged: Staged, defect: Defect, *, through_library: bool = False) -> tuple[bool, set[Broken]]:
    """Whether the right rule names a defect, and all that are broken; the tables are sound again afterwards."""
    try:
        staged.plant(defect)
        found = staged.broken(touched(defect))
        if through_library and found != (said := staged.broken_by_great_expectations()):
            raise AssertionError(f"{defect.name}: Great Expectations says otherwise of {said ^ found}")
        return (defect.table_name, defect.rule) in found, found
    finally:
        staged.restore(touched(defect))


def judge_raw(raw: Raw, moment: Moment, defect: RawDefect) -> tuple[bool, set[Broken]]:
    """The same for a defect of raw tables, of which all others are built, unless the calculations refuse to."""
    try:
        found = build(defect.spoil(raw), moment).broken()
    except ValueError as error:
        return bool(defect.refusal) and defect.refusal in str(error), {(defect.table_name, str(error))}
    return not defect.refusal and (defect.table_name, defect.rule) in found, found


def clean_builds(seed: int, count: int) -> Iterator[tuple[Moment, set[Broken]]]:
    """Builds of a company of this seed at ``count`` moments of its history, one after the other; what is broken."""
    rng = random.Random(f"clean/{seed}")
    weeks = rng.choice(WEEKS)
    raw = raw_of_company(seed, weeks)
    before, config = None, FlowConfig.model_validate({"calendar": CALENDARS[seed % len(CALENDARS)]})
    for back in sorted((rng.random() * (weeks - 1) for _ in range(count)), reverse=True):
        moment = Moment(NOW - timedelta(weeks=back), config)
        before = build(raw, moment, before)
        yield moment, before.broken()


def plant_all(staged: Staged, defects: Sequence[Defect], library_count: int) -> int:
    """Plant one by one and print what is missed; returns how many are."""
    chosen = set(random.Random(7).sample(range(len(defects)), min(library_count, len(defects))))
    missed = 0
    for place, defect in enumerate(defects):
        is_named, found = judge(staged, defect, through_library=place in chosen)
        missed += _tell(defect, is_named, found)
    return missed


def _tell(defect: Defect | RawDefect, is_named: bool, found: set[Broken]) -> bool:
    if not is_named:
        said = sorted(found) or "nothing"
        print(f"MISSED  {defect.name}: not {defect.table_name}.{defect.rule} but {said}", flush=True)
    return not is_named


def defects_missed(weeks: int, library_count: int) -> int:
    """Defects of both kinds that are not named by the right rule, told as they are found."""
    began = time.process_time()
    raw, moment = raw_of_company(1, weeks), Moment(NOW)
    staged = with_itself_before(build(raw, moment))
    if alarms := staged.broken():
        raise SystemExit(f"These tables are not sound to begin with: {sorted(alarms)}")
    missed = plant_all(staged, DEFECTS, library_count)
    missed += sum(_tell(defect, *judge_raw(raw, moment, defect)) for defect in RAW_DEFECTS)
    count = len(DEFECTS) + len(RAW_DEFECTS)
    print(
        f"{count - missed} of {count} defects named by the right rule, {len(RAW_DEFECTS)} of them planted in raw"
        f" tables, {library_count} judged by Great Expectations too ({time.process_time() - began:.0f} s of CPU)",
        flush=True,
    )
    return missed


def false_alarms(companies: int, count: int) -> int:
    """Rules broken by clean builds, told as they are found."""
    began, alarms = time.process_time(), 0
    for seed in range(1, companies + 1):
        for moment, broken in clean_builds(seed, count):
            alarms += len(broken)
            if broken:
                print(f"FALSE ALARM  seed {seed} as of {moment.as_of}: {sorted(broken)}", flush=True)
    print(
        f"{alarms} false alarms in {companies * count} clean builds: {companies} companies of 4 to 30 weeks,"
        f" {len(CALENDARS)} calendars, {count} moments each ({time.process_time() - began:.0f} s of CPU)",
        flush=True,
    )
    return alarms


def main() -> int:
    """Plant every defect, then build clean; 1 if one is missed or one is imagined."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=52, help="weeks of history of the company that is spoilt")
    parser.add_argument("--library", type=int, default=10, help="defects that go through Great Expectations as well")
    parser.add_argument("--companies", type=int, default=25, help="companies that are built clean")
    parser.add_argument("--moments", type=int, default=8, help="moments at which each of them is built")
    asked = parser.parse_args()
    missed = defects_missed(asked.weeks, asked.library)
    return 1 if missed + false_alarms(asked.companies, asked.moments) else 0


if __name__ == "__main__":
    sys.exit(main())
