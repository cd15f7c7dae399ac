"""Random small sites and random fault schedules, for properties that must hold whatever happens.

The sites are whole: every status chain is contiguous and ends where the issue is. The schedules hold trouble that an
extraction can survive or notice. ``is_harsh`` adds answers that lie without a trace on the page itself (a changelog
silently short, entries lost): only a second look by another route, or ``updated``, can show those. Where the site
changes or its index lags, what a run read may be old by its end: only a quiet run afterwards must find the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from pipelines.sandbox.exchange import PageCaps
from pipelines.sandbox.faults import Effect, Fault, FaultScript, contents, mutations, paging, refusals, visibility
from pipelines.sandbox.faults import connection as wire
from pipelines.sandbox.site import Site, site_from_issues

Json = dict[str, Any]
Effects = st.SearchStrategy[Effect]

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
STATUSES = [
    {"id": str(number), "name": name, "statusCategory": {"id": category, "key": key, "name": key}}
    for number, name, category, key in (
        (1, "To Do", 2, "new"), (2, "Doing", 4, "indeterminate"), (3, "Review", 4, "indeterminate"),
        (4, "Done", 3, "done"),
    )
]  # fmt: skip
PROJECTS = [{"id": str(10 + n), "key": key, "name": f"Project {key}"} for n, key in enumerate(("ABC", "XYZ"))]
STORY = {"id": "7", "name": "Story", "subtask": False}
FLAG = "customfield_10021"
PEOPLE = [{"accountId": name, "name": name, "displayName": name.title()} for name in ("ana", "ben")]
PAUSES_MS = (0, 1, 999, 60_000, 3_600_000, 90_000_000)
OFFSETS = ("+0000", "+0530", "-0800")
STEPS = ("status", "status", "status", "assignee", "flagged", "labels", "summary", "two moves")


@dataclass(frozen=True)
class Trouble:
    """A site in a flavour, what happens to who reads it, and how small its pages are."""

    site: Site
    flavour: str
    script: FaultScript
    caps: PageCaps

    def __repr__(self) -> str:
        told = "\n  ".join(f"{fault.effect} {fault.when}" for fault in self.script.faults)
        return f"{self.flavour}, {len(self.site.issues)} issues, {self.caps}, seed {self.script.seed}\n  {told}"


@st.composite
def sites(draw: st.DrawFn, max_issues: int = 12, *, may_coincide: bool = True) -> Site:
    """Issues of one or two projects; histories of one issue may share an instant unless told otherwise."""
    gaps = draw(st.lists(st.integers(1, 9), max_size=max_issues))
    pauses = PAUSES_MS if may_coincide else PAUSES_MS[1:]
    number, issues = 100, []
    for place, gap in enumerate(gaps):
        number += gap
        issues.append(_issue(number, place, draw(st.lists(_step(pauses), max_size=5)), draw(st.integers(0, 9))))
    site = site_from_issues(issues, now=draw(st.sampled_from([None, BEGIN + timedelta(days=30)])))
    site.statuses, site.projects, site.issue_types = list(STATUSES), list(PROJECTS), [STORY]
    return site


def told_short() -> Trouble:
    """A Data Center site that limits its first search, answers it, then gives its only changelog short, and again.

    No route gives it whole within the run, and its total says so: the run ends well, and the tables tell what lacks.
    """
    moves = [("status", 60_000, 1, 0), ("status", 60_000, 3, 1)]
    site = site_from_issues([_issue(101, 0, moves, 0)], now=BEGIN + timedelta(days=30))
    site.statuses, site.projects, site.issue_types = list(STATUSES), list(PROJECTS), [STORY]
    limited = refusals.TooManyRequests().on("*/search", times=1)
    script = FaultScript.of(limited, contents.CutChangelog(lost=1).on(after=2, times=2))
    return Trouble(site, "dc", script, PageCaps())


def _step(pauses: Sequence[int]) -> st.SearchStrategy[tuple[str, int, int, int]]:
    """What happens in a history, how long after the last one, to which value, and by whom."""
    return st.tuples(st.sampled_from(STEPS), st.sampled_from(pauses), st.integers(0, 3), st.integers(0, 2))


def _issue(number: int, place: int, steps: list[tuple[str, int, int, int]], luck: int) -> Json:
    """An issue that has gone through some steps."""
    project, offset = PROJECTS[luck % len(PROJECTS)], OFFSETS[luck % len(OFFSETS)]
    now = {"status": luck % 4, "assignee": None, "flagged": False, "summary": "Old", "labels": ""}
    at = BEGIN + timedelta(minutes=7 * place)
    created, histories = at, []
    for step, (kind, pause, value, author) in enumerate(steps):
        at += timedelta(milliseconds=pause)
        history = {"id": str(10 * number + step), "created": _written(at, offset), "items": _items(kind, now, value)}
        histories.append(history | ({"author": PEOPLE[author]} if author < len(PEOPLE) else {}))
    fields = {
        "project": project, "issuetype": STORY, "status": STATUSES[now["status"]], "summary": now["summary"],
        "created": _written(created, offset), "updated": _written(at, offset), "resolution": None, "fixVersions": [],
        "assignee": now["assignee"], FLAG: [{"id": "10019"}] if now["flagged"] else None,
    }  # fmt: skip
    changelog = {"total": len(histories), "histories": histories}
    return {"id": str(number), "key": f"{project['key']}-{number}", "fields": fields, "changelog": changelog}


def _items(kind: str, now: Json, value: int) -> list[Json]:
    """Items of a step; the values now move with them."""
    if kind == "two moves":
        return [*_items("status", now, value), *_items("status", now, (value + 1) % 4)]
    before, after = now[kind if kind in now else "status"], _value(kind, value)
    now[kind] = after
    sides = {
        "status": lambda side: (STATUSES[side]["id"], STATUSES[side]["name"]),
        "assignee": lambda side: (side["accountId"], side["displayName"]) if side else (None, None),
        "flagged": lambda side: ("[10019]", "Impediment") if side else ("", ""),
    }.get(kind, lambda side: (None, side))
    custom = {"field": "Flagged", "fieldtype": "custom", "fieldId": FLAG}
    named = custom if kind == "flagged" else {"field": kind, "fieldtype": "jira", "fieldId": kind}
    (old, old_text), (new, new_text) = sides(before), sides(after)
    return [named | {"from": old, "fromString": old_text, "to": new, "toString": new_text}]


def _value(kind: str, value: int) -> Any:
    """A new value of a field, of four."""
    if kind == "assignee":
        return ([None, None, *PEOPLE])[value]
    return {"status": value, "flagged": value % 2 == 0, "summary": "New" * value}.get(kind, f"label{value}")


def _written(at: datetime, offset: str) -> str:
    sign = -1 if offset[0] == "-" else 1
    local = at + sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{offset}"


def _just(*effects: Effect) -> Effects:
    return st.sampled_from(effects)


PASSING: Effects = st.one_of(
    st.builds(
        refusals.TooManyRequests,
        retry_after=st.sampled_from([None, 0, 1, "1.5", 30, "soon"]),
        reason=st.sampled_from([None, "burst", "quota-tenant", "quota-global", "cost", "?"]),
        near_limit=st.sampled_from([None, True]),
    ),
    st.builds(refusals.TooManyRequests, retry_after_date=st.sampled_from([-60.0, 5.0, 90.0])),
    st.builds(refusals.Status, st.sampled_from([408, 500, 502, 503, 504]), st.sampled_from([None, 2])),
    st.builds(wire.Truncated, st.sampled_from([0.0, 0.4, 0.9]), st.booleans()),
    st.builds(contents.MissingKey, is_null=st.booleans()),
    _just(wire.Reset(), wire.LoginPage(), wire.NotJson(), wire.NotJson(""), wire.NearLimit(), wire.TokenBucket()),
)
"""Passes after some time: retries get over it, or the run gives up aloud. Strikes any route."""

REFUSING: Effects = st.one_of(
    st.builds(refusals.Status, st.sampled_from([400, 401, 403, 404, 410, 413])),
    _just(wire.LoginPage(is_redirect=True)),
)
"""Does not pass: some requests are refused for good reason or none. Strikes any route."""

PARTS = ("changelog", "fields", "details")

HEAVY = st.lists(st.integers(101, 150), min_size=5, max_size=25).map(tuple)
"""Ids of which some are likely to be issues of the site."""

ODD: Effects = st.one_of(
    st.builds(paging.ShortPage, st.integers(1, 3)),
    st.builds(paging.SmallerPage, st.integers(1, 3)),
    st.builds(paging.SpreadHistories, st.integers(1, 4)),
    st.builds(contents.Duplicates, st.integers(1, 2), st.sampled_from(["page", "next page"])),
    st.builds(contents.CreatedForm, st.sampled_from(["iso", "zulu", "offset", "digits"])),
    st.builds(refusals.BatchLimit, st.integers(1, 4)),
    st.builds(contents.IssueErrors, count=st.integers(1, 2)),
    st.builds(contents.HeavyIssue, HEAVY, part=st.sampled_from(PARTS), is_sent_alone=st.booleans()),
    _just(contents.Shuffled(), contents.Shuffled(has_entries_shuffled=False), refusals.EpochJqlRefused()),
)
"""Unusual answers that lose nothing, or say what they lose."""

WRONG: Effects = st.one_of(
    st.builds(paging.WrongTotal, st.sampled_from([-3, 1, 50])),
    st.builds(refusals.ExpiredToken, st.sampled_from([400, 410])),
    _just(
        paging.RepeatedToken(), paging.NotLastWithoutToken(), paging.LastWithToken(), paging.Warnings(),
        paging.IgnoredSeek(),
    ),
)  # fmt: skip
"""Wrong answers that give themselves away: another page, total, token or header contradicts them."""

DC_ONLY: Effects = st.one_of(
    _just(visibility.Anonymous(), paging.EarlyEnd()),
    st.builds(contents.CutChangelog, st.integers(1, 2), st.sampled_from(["oldest", "newest"])),
)
"""Trouble that Data Center's totals give away. Cloud's bulk changelogs have none: short ones are harsh there."""

LATE: Effects = st.builds(visibility.IndexLag, st.sampled_from([1.0, 90.0, 600.0]))
"""Searches that miss what is new."""

HARSH: Effects = st.one_of(
    st.builds(contents.LeftOut, count=st.integers(1, 2)),
    st.builds(contents.CutChangelog, st.integers(1, 2), st.sampled_from(["oldest", "newest"]), st.booleans()),
    st.builds(paging.LostEntries, st.integers(1, 2)),
    _just(paging.EarlyEnd()),
)
"""Answers that lack something without a trace on the page."""

MEANWHILE: Effects = _just(
    mutations.DeleteIssue(), mutations.MoveIssue(), mutations.TransitionIssue(), mutations.EditIssue(),
    mutations.CommentIssue(), mutations.CreateIssue(), mutations.ArchiveIssue(),
)  # fmt: skip
"""What people do while the site is read."""

WHERE = {
    "cloud": ("", "search/jql", "search/jql", "issue/bulkfetch", "issue/bulkfetch", "changelog/bulkfetch", "project"),
    "dc": ("", "*/search", "*/search", "*/search", "project", "myself"),
}
"""Routes that an extraction asks, those that matter most more than once."""


def schedules(
    flavour: str, *, is_harsh: bool = False, has_changes: bool = True, has_lag: bool = True, max_faults: int = 4
) -> st.SearchStrategy[FaultScript]:
    """Some faults, most of them for a few requests only; changes of the site come among the first twenty requests.

    The site compares ids, or keys as Jira's own source does.
    """
    anywhere, there = st.sampled_from(WHERE[flavour]), st.just("")
    kinds = [(PASSING, anywhere, 4), (REFUSING, anywhere, 1), (ODD, there, 4), (WRONG, there, 2)]
    kinds += [(LATE, there, int(has_lag)), (HARSH, there, 2 * is_harsh), (DC_ONLY, there, 2 * (flavour == "dc"))]
    faults = [_fault(effects, where) for effects, where, weight in kinds for _ in range(weight)]
    kind_of_site = st.sampled_from([[], [], [Fault(paging.IdsAsKeys())]])
    listed: list[st.SearchStrategy[list[Fault]]] = [
        kind_of_site, st.lists(st.one_of(faults), min_size=1, max_size=max_faults)
    ]  # fmt: skip
    if has_changes:
        change = st.builds(_at, MEANWHILE, st.integers(1, 20))
        listed.append(st.lists(change, max_size=2))
    return st.builds(_script, st.tuples(*listed), st.integers(0, 2**16), st.sampled_from([0.0, 0.5, 7.0]))


def _fault(effects: Effects, where: st.SearchStrategy[str]) -> st.SearchStrategy[Fault]:
    """An effect somewhere, for once, a few times, at a rate, or for good."""
    how: list[Callable[[int], Json]] = [
        lambda n: {"nth": n}, lambda n: {"times": n}, lambda n: {"after": n, "times": n},
        lambda n: {"every": n + 1, "times": 9}, lambda n: {"probability": n / 8, "times": 25},
        lambda n: {"after": 2 * n},
    ]  # fmt: skip
    when = st.builds(lambda choice, n: how[choice](n), st.sampled_from([0, 0, 1, 1, 2, 3, 4, 5]), st.integers(1, 4))
    return st.builds(lambda effect, route, chosen: effect.on(route, **chosen), effects, where, when)


def _at(effect: Effect, place: int) -> Fault:
    return effect.on(nth=place)


def _script(listed: Sequence[list[Fault]], seed: int, seconds: float) -> FaultScript:
    return FaultScript(tuple(fault for part in listed for fault in part), seed, seconds)


def caps() -> st.SearchStrategy[PageCaps]:
    """Pages small enough to have several of them, or as large as real ones."""
    small = st.integers(1, 5)
    return st.one_of(
        st.just(PageCaps()),
        st.builds(PageCaps, search_ids=small, search_startat=small, changelog_bulk=small, issues_named_fields=small),
    )


@st.composite
def troubles(draw: st.DrawFn, *, is_harsh: bool = False, has_changes: bool = True, has_lag: bool = True) -> Trouble:
    """A random site in a random flavour with a random schedule."""
    flavour = draw(st.sampled_from(["cloud", "dc"]))
    script = draw(schedules(flavour, is_harsh=is_harsh, has_changes=has_changes, has_lag=has_lag))
    return Trouble(draw(sites()), flavour, script, draw(caps()))
