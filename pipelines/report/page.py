"""Puts the report into one HTML file that loads nothing: words, rows, styles, scripts and the drawing library.

Names in Jira are anybody's input. They travel as JSON that cannot end its own element, are put on the page as text, and
the page's policy runs no script but the two whose hashes it names, and lets nothing in or out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import vl_convert
from markupsafe import Markup

from pipelines.report.charts import specification
from pipelines.report.entries import Entry, View
from pipelines.report.published import Published, Row, grouped
from pipelines.report.sections import CHAPTERS, SECTIONS, VERDICT, WIDE
from pipelines.report.views.verdict import overview
from pipelines.report.words import day, listed

FOLDER = Path(__file__).parent

LOOPBACK = {"localhost", "127.0.0.1", "::1"}

VEGA_LITE = "6.4"
"""The version of the specifications Altair writes."""


def render(published: Published) -> str:
    """The whole file."""
    data = payload(published)
    library, script = drawing_library(), (FOLDER / "page.js").read_text(encoding="utf-8")
    run = published.run
    return _template().render(
        policy=policy(library, script),
        run=run,
        site_names=listed(sorted(published.sites)),
        as_of=f"{day(run['as_of'])}, {run['as_of']:%H:%M} UTC",
        finished_at=day(run["finished_at"]),
        first_words=_first_words(data),
        streams=published.streams,
        chapters=CHAPTERS,
        verdict=VERDICT,
        wide=WIDE,
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        data=embedded(data),
        library=Markup(library),
        script=Markup(script),
    )


def payload(published: Published) -> dict[str, Any]:
    """Everything the page's script reads."""
    return {
        "streams": published.streams,
        "types": published.types,
        "periods": [
            {"stream": stream, "id": period, "start": start, "end": end, "name": published.period_names[stream, period]}
            for stream, period, start, end in published.periods
        ],
        "sites": {site: address for site, url in published.sites.items() if (address := issue_address(url))},
        "overview": overview(published),
        "views": {view.name: _view(view, published) for view in SECTIONS},
        "specs": {chart: specification(chart) for view in SECTIONS for chart in view.charts},
    }


def _view(view: View, published: Published) -> dict[str, Any]:
    shared = view.shared(published) if view.shared else {}
    entries: dict[str, list[dict[str, Any]]] = {}
    for entry in view.build(published):
        entries.setdefault(entry.stream, []).append(_entry(entry))
    return {
        "title": view.title,
        "charts": view.charts,
        "follows": view.follows,
        "entries": entries,
        "shared": {
            stream: {chart: columns(rows) for chart, rows in charts.items()} for stream, charts in shared.items()
        },
    }


def _entry(entry: Entry) -> dict[str, Any]:
    """Without what is empty: most of it is."""
    whole = {
        "period": entry.period,
        "type": entry.issue_type,
        "finding": entry.finding,
        "reason": entry.reason,
        "caveat": entry.caveat,
        "facts": entry.facts,
        "table": entry.table,
        "extra": {name: columns(value) if _is_rows(value) else value for name, value in entry.extra.items()},
        "charts": {chart: columns(rows) for chart, rows in entry.charts.items()},
    }
    return {name: value for name, value in whole.items() if value}


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def columns(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows as columns, which is a third of the room; texts and days as numbers into a list of those that differ."""
    names = list(rows[0]) if rows else []
    return {"count": len(rows), "columns": {name: _column([row[name] for row in rows]) for name in names}}


def _column(values: list[Any]) -> dict[str, Any]:
    if not any(isinstance(value, str | date) for value in values):
        return {"values": values}
    places: dict[Any, int] = {}
    codes = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return {"list": list(places), "codes": codes}


def embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that can stand inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=_plain, allow_nan=False)
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _plain(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the report's data")


def issue_address(url: str | None) -> str | None:
    """What an issue's key is put behind; None unless the site's address is one a browser asks over HTTP.

    A site on this machine is a sandbox, and gone by the time somebody reads the report.
    """
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.hostname in LOOPBACK:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}/browse/"


def policy(*scripts: str) -> str:
    """The content security policy: these scripts, the page's own styles, and nothing from or to anywhere."""
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
        " form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@cache
def drawing_library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, which shows itself as ``vegaEmbed``."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    return bundle.replace("</script", "<\\/script")


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(FOLDER)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html.j2")


def _first_words(data: Mapping[str, Any]) -> str:
    """The verdict of the stream shown first: what stands there before, or without, the script."""
    first = data["overview"][0]["stream"] if data["overview"] else ""
    entries: Iterable[dict[str, Any]] = data["views"]["verdict"]["entries"].get(first, ())
    return next((entry.get("finding") or entry.get("reason", "") for entry in entries), "Nothing is published yet.")


def verdict_sentences(published: Published) -> list[str]:
    """One line per stream over the latest period: its name and its verdict."""
    by_stream = grouped(
        ({"stream": e.stream, "entry": e} for e in VERDICT.build(published) if e.period == "latest"), "stream"
    )
    return [f"{stream}: {rows[0]['entry'].finding or rows[0]['entry'].reason}" for (stream,), rows in by_stream.items()]
