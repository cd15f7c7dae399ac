"""One file that loads nothing and runs nothing but its own two scripts, whatever names Jira holds."""

import base64
import hashlib
import json
import re
from datetime import UTC, date, datetime

import pytest

from pipelines.report import packing, page
from pipelines.report.charts import CHARTS, specification
from pipelines.report.sections import CHAPTERS, SECTIONS
from tests.pipelines.report.packs import of_stream, packs
from tests.pipelines.report.told import STREAM, stage, step, version

HOSTILE = "</script><img src=x onerror=alert(1)><!--"


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    steps = [step(HOSTILE), step("Review", stage_order=1)]
    return page.render(version(tmp_path_factory.mktemp("v"), {"metrics.value_stream_map": steps}))


def scripts(html):
    """What runs: the library, which the page's own script unpacks, and that script."""
    return [packs(html)["library"], *re.findall(r"<script>(.*?)</script>", html, re.S)]


def without_scripts(html):
    return re.sub(r"<script.*?</script>", "", html, flags=re.S)


def test_the_policy_lets_nothing_in_or_out_and_names_both_scripts(html):
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.replace("&#39;", "'").split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'none'"
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts(html)]
    assert len(hashes) == 2
    assert rules["script-src"] == " ".join(f"'sha256-{found}'" for found in hashes)
    assert "http" not in policy


def test_no_element_names_another_address(html):
    body = without_scripts(html)
    assert not re.findall(r"""(?:src|href|action)=["'](?!#)""", body)
    assert "url(" not in body
    assert "@import" not in body


def test_a_hostile_name_ends_no_element(html):
    assert html.count("</script>") == html.count("<script") == 4, "opening, one stream, library, script"
    assert "<img" not in without_scripts(html)
    steps = of_stream(html, STREAM)["value_stream_map"]["entries"][0]["extra"]["steps"]
    assert unpacked(steps)[0]["stage"] == HOSTILE, "the name itself arrives unchanged"


def test_a_hostile_site_name_is_escaped_where_the_template_writes_it(tmp_path):
    body = without_scripts(page.render(version(tmp_path, {}, site=HOSTILE)))
    assert "<img" not in body
    assert "&lt;img src=x" in body


@pytest.mark.parametrize("text", ["<b>", "a & b", "\u2028", "\u2029", "-->", 'quote"s', "Füße"])
def test_embedded_text_comes_back_as_it_was(text):
    embedded = packing.embedded({"name": text})
    assert not set("<>&\u2028\u2029") & set(embedded)
    assert json.loads(embedded) == {"name": text}


def test_a_figure_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="Out of range"):
        packing.embedded({"share": float("nan")})


def test_what_has_no_place_in_the_data_is_refused():
    with pytest.raises(TypeError, match="object has no place"):
        packing.embedded({"thing": object()})


def unpacked(table):
    """As the page's script reads it."""
    columns = {
        name: [None if c < 0 else column["list"][c] for c in column["codes"]] if "list" in column else column["values"]
        for name, column in table["columns"].items()
    }
    return [{name: values[row] for name, values in columns.items()} for row in range(table["count"])]


def test_rows_travel_as_columns_and_repeat_no_text():
    rows = [{"stage": "Review", "n": 1}, {"stage": None, "n": None}, {"stage": "Review", "n": 2.5}]
    packed = packing.columns(rows)
    assert unpacked(packed) == rows
    assert packed["columns"]["stage"]["list"] == ["Review"]
    assert packing.columns([]) == {"count": 0, "columns": {}}


@pytest.mark.parametrize("text", ["", "Füße", HOSTILE, "x" * 10_000])
def test_what_is_packed_comes_back_always_the_same_and_ends_no_element(text):
    once = packing.packed(text)
    assert packs(f'<script type="text/plain" id="it">{once}</script>') == {"it": text}
    assert packing.packed(text) == once
    assert not set("<>&") & set(once)


def test_a_stream_is_told_in_a_pack_of_its_own(tmp_path):
    two = [step("Review"), step("Testing", value_stream="Mobile")]
    stages = [stage("Review", 0), stage("Testing", 0) | {"value_stream": "Mobile"}]
    html = page.render(version(tmp_path, {"metrics.value_stream_map": two, "core.stages": stages}))
    assert "Testing" not in json.dumps(of_stream(html, STREAM))
    assert "Testing" in json.dumps(of_stream(html, "Mobile"))


def test_days_travel_as_iso_texts():
    assert json.loads(packing.embedded(packing.columns([{"date": date(2026, 6, 1)}])))["columns"]["date"]["list"] == [
        "2026-06-01"
    ]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://acme.atlassian.net", "https://acme.atlassian.net/browse/"),
        ("http://jira.acme.test:8080/jira/", "http://jira.acme.test:8080/jira/browse/"),
        ("https://user:secret@acme.test", "https://acme.test/browse/"),
        ("javascript:alert(1)//acme.test", None),
        ("data:text/html,x", None),
        ("file:///etc/passwd", None),
        ("acme.test", None),
        ("https://[half", None),
        ("http://127.0.0.1:43210", None),
        ("http://localhost:8080", None),
        ("", None),
        (None, None),
    ],
)
def test_only_an_address_asked_over_http_becomes_a_link(url, address):
    assert page.issue_address(url) == address


def test_the_first_words_stand_there_without_any_script(html):
    body = without_scripts(html)
    [words] = re.findall(r"<h1[^>]*>(.*?)</h1>", body, re.S)
    assert "no verdict for the period" in words
    assert "<noscript>" in body


def test_every_section_stands_in_the_page_and_says_its_tables(html):
    for view in SECTIONS:
        assert f'data-view="{view.name}"' in html
        assert f"<code>{', '.join(view.tables)}</code>" in html
        for chart in view.charts:
            assert f'data-chart="{chart}"' in html


def test_every_chart_stands_in_exactly_one_section():
    assert sorted(chart for view in SECTIONS for chart in view.charts) == sorted(CHARTS)
    assert len({view.name for view in SECTIONS}) == len(SECTIONS)
    assert len({chapter.name for chapter in CHAPTERS}) == len(CHAPTERS)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_as_wide_as_its_place_and_names_no_address(name):
    spec = specification(name)
    assert spec["width"] == "container"
    assert "http" not in json.dumps(spec)
    assert '"rows"' in json.dumps(spec), "it draws what the page hands it"


@pytest.mark.parametrize("name", CHARTS)
def test_colours_are_the_pages_own(name):
    """So a chart follows light, dark and print."""
    text = json.dumps(specification(name))
    used = set(re.findall(r"var\((--[\w-]+)\)", text))
    style = (page.FOLDER / "page.css").read_text(encoding="utf-8")
    assert used
    assert not re.findall(r"#[0-9a-f]{3,6}\b", text)
    assert not {name for name in used if f"{name}:" not in style}


@pytest.mark.parametrize("name", CHARTS)
def test_what_is_coloured_is_a_column_of_the_rows_and_not_calculated(name):
    """The page keeps only those colours whose names it finds in the rows."""
    spec = specification(name)
    parts = [spec, *spec.get("layer", [])]
    calculated = {step.get("as") for part in parts for step in part.get("transform", [])}
    coloured = {part.get("encoding", {}).get("color", {}).get("field") for part in parts} - {None}
    assert not coloured & calculated


def test_dark_and_print_name_every_colour_of_light():
    style = (page.FOLDER / "page.css").read_text(encoding="utf-8")
    light, dark = (set(re.findall(r"(--[\w-]+):", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S)[:2])
    assert light == dark


def test_verdicts_are_told_one_line_a_stream(tmp_path):
    [line] = page.verdict_sentences(version(tmp_path, {}))
    assert line.startswith(f"{STREAM}: These tables hold no verdict for the period.")


def test_the_page_says_what_it_was_made_from(html):
    assert "from version v1 of the published tables" in html
    assert f'<time datetime="{datetime(2026, 6, 30, 16, tzinfo=UTC).isoformat()}">30 Jun 2026, 16:00 UTC</time>' in html
