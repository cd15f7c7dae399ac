"""Puts the report into one HTML file that loads nothing: words, rows, styles, scripts and the drawing library.

Names in Jira are anybody's input. They travel as JSON that cannot end its own element, are put on the page as text, and
the page's policy runs no script but the two whose hashes it names, and lets nothing in or out.

What is needed first stands first and plain; each stream's words and rows, and the library, are packed and unpacked by
the page when they are chosen or drawn with. How things are packed belongs to ``packing``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import vl_convert
from markupsafe import Markup

from pipelines.report.charts import specification
from pipelines.report.entries import Entry
from pipelines.report.packing import columns, embedded, is_rows, packed
from pipelines.report.published import Published, grouped
from pipelines.report.sections import CHAPTERS, SECTIONS, VERDICT, WIDE
from pipelines.report.views.verdict import overview
from pipelines.report.words import day, listed

FOLDER = Path(__file__).parent

LOOPBACK = {"localhost", "127.0.0.1", "::1"}

SCRIPTS = ("unpack", "data", "tables", "map", "charts", "page")
"""Parts of the page's own script; the last one begins."""

VEGA_LITE = "6.4"
"""The version of the specifications Altair writes."""


def render(published: Published) -> str:
    """The whole file."""
    streams = by_stream(published)
    library, script = drawing_library(), page_script()
    run = published.run
    return _template().render(
        policy=policy(library, script),
        run=run,
        site_names=listed(sorted(published.sites)),
        as_of=f"{day(run['as_of'])}, {run['as_of']:%H:%M} UTC",
        finished_at=day(run["finished_at"]),
        first_words=_first_words(published, streams),
        streams=published.streams,
        chapters=CHAPTERS,
        verdict=VERDICT,
        wide=WIDE,
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        data=embedded(opening(published)),
        packs=[packed(embedded(streams[stream])) for stream in published.streams],
        library=packed(library),
        script=Markup(script),
    )


def opening(published: Published) -> dict[str, Any]:
    """What the page's script reads first: what can be chosen, what holds for all streams, how charts are drawn."""
    return {
        "streams": published.streams,
        "types": published.types,
        "periods": [
            {"stream": stream, "id": period, "start": start, "end": end, "name": published.period_names[stream, period]}
            for stream, period, start, end in published.periods
        ],
        "sites": {site: address for site, url in published.sites.items() if (address := issue_address(url))},
        "overview": overview(published),
        "views": {
            view.name: {"title": view.title, "charts": view.charts, "follows": view.follows} for view in SECTIONS
        },
        "specs": {chart: specification(chart) for view in SECTIONS for chart in view.charts},
    }


def by_stream(published: Published) -> dict[str, dict[str, Any]]:
    """What every section says of each stream: its entries, and the rows they share."""
    told: dict[str, dict[str, Any]] = {stream: {} for stream in published.streams}
    for view in SECTIONS:
        shared = view.shared(published) if view.shared else {}
        for stream, sections in told.items():
            charts = {chart: columns(rows) for chart, rows in shared.get(stream, {}).items()}
            sections[view.name] = {"entries": [], "shared": charts}
        for entry in view.build(published):
            told[entry.stream][view.name]["entries"].append(_entry(entry))
    return told


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
        "extra": {name: columns(value) if is_rows(value) else value for name, value in entry.extra.items()},
        "charts": {chart: columns(rows) for chart, rows in entry.charts.items()},
    }
    return {name: value for name, value in whole.items() if value}


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


def page_script() -> str:
    """The page's own script, of its parts in the order they build on each other."""
    return "\n".join((FOLDER / "scripts" / f"{part}.js").read_text(encoding="utf-8") for part in SCRIPTS)


@cache
def drawing_library() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, which shows itself as ``vegaEmbed``."""
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(FOLDER)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.get_template("page.html.j2")


def _first_words(published: Published, streams: Mapping[str, dict[str, Any]]) -> str:
    """The verdict of the stream shown first: what stands there before, or without, the script."""
    lines = overview(published)
    entries: Iterable[dict[str, Any]] = streams[lines[0]["stream"]][VERDICT.name]["entries"] if lines else ()
    return next((entry.get("finding") or entry.get("reason", "") for entry in entries), "Nothing is published yet.")


def verdict_sentences(published: Published) -> list[str]:
    """One line per stream over the latest period: its name and its verdict."""
    by_stream = grouped(
        ({"stream": e.stream, "entry": e} for e in VERDICT.build(published) if e.period == "latest"), "stream"
    )
    return [f"{stream}: {rows[0]['entry'].finding or rows[0]['entry'].reason}" for (stream,), rows in by_stream.items()]
