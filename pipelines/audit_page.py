"""What an audit found, as one page of HTML that needs nothing else: published with the tables, kept when they are not.

Everything on it is escaped, and nothing on it asks another host for anything. Which rules there are, and what follows
when one is broken, belongs elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, StrictUndefined

from pipelines.checks import Verdict
from transforms.wording import counted

PAGE = "audit.html"
"""Its name inside a version."""

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Audit of {{ about.site_name }}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; display: block; overflow-x: auto; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8886; vertical-align: top; }
summary { cursor: pointer; }
.numbers td { font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<main>
<h1>{{ "These tables hold what they promise" if not critical else "These tables were not published" }}</h1>
<p>{{ "{:,}".format(verdicts|length) }} rules were checked on every row of the tables of {{ about.site_name }}, version
{{ about.version_id }}, which speak of {{ about.as_of.strftime("%d %B %Y, %H:%M UTC") }}.
{% if critical %}Broken: {{ critical|length }}; so the tables published before stay as they were.
{% elif warnings %}None that keeps tables from being published is broken; to be careful with: {{ warnings|length }}.
{% else %}All of them hold.{% endif %}</p>
<table class="numbers">
<tr><th scope="row">Left out, in quarantine</th><td>{{ "{:,}".format(about.quarantined_count) }}
({{ "{:.2%}".format(about.quarantined_share) }} of all issues and answers)</td></tr>
<tr><th scope="row">Hours in statuses no rule covers</th><td>{{ "{:.2%}".format(about.unmapped_share) }}</td></tr>
</table>
{% for title, broken in (("Broken: not published", critical), ("Caveats", warnings)) if broken %}
<h2>{{ title }}</h2>
{% for verdict in broken %}
<h3>{{ verdict.table_name }}: {{ verdict.says }}</h3>
<p>{{ counted(verdict.failing_row_count, "row") }} against {{ verdict.expectation }}\
{% if verdict.sample|length < verdict.failing_row_count %}; the first {{ verdict.sample|length }}{% endif %}:</p>
{% if verdict.sample %}
<table>
<thead><tr>{% for name in verdict.sample[0] %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in verdict.sample %}<tr>{% for value in row.values() %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table>
{% endif %}
{% endfor %}
{% endfor %}
<h2>All rules</h2>
{% for table_name, rules in by_table %}
<details>
<summary>{{ table_name }}: {{ counted(rules|length, "rule") }}\
{% set open = rules|rejectattr("is_passed")|list|length %}\
{% if open %}, {{ open }} broken{% endif %}</summary>
<table>
<thead><tr><th scope="col">rule</th><th scope="col">in words</th><th scope="col">if broken</th>\
<th scope="col">outcome</th></tr></thead>
<tbody>
{% for verdict in rules %}<tr><td>{{ verdict.expectation }}</td><td>{{ verdict.says }}</td>\
<td>{{ "not published" if verdict.severity == "critical" else "caveat" }}</td>\
<td>{{ "holds" if verdict.is_passed else "broken" }}</td></tr>
{% endfor %}</tbody>
</table>
</details>
{% endfor %}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class About:
    """What was audited."""

    site_name: str
    version_id: str
    as_of: datetime
    quarantined_count: int
    quarantined_share: float
    unmapped_share: float


def render_audit(about: About, verdicts: Sequence[Verdict]) -> str:
    """The whole page: what is broken first, with rows, then every rule table by table."""
    broken = [verdict for verdict in verdicts if not verdict.is_passed]
    by_table = itertools.groupby(
        sorted(verdicts, key=lambda verdict: verdict.table_name), key=lambda verdict: verdict.table_name
    )
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(TEMPLATE)
    return page.render(
        counted=counted,
        about=about,
        verdicts=verdicts,
        critical=[verdict for verdict in broken if verdict.severity == "critical"],
        warnings=[verdict for verdict in broken if verdict.severity == "warning"],
        by_table=[(name, list(rules)) for name, rules in by_table],
    )
