"""The report as a reader sees it: drawn, filtered, by keyboard, in light and dark, on every size."""

from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe

from pipelines.report.charts import CHARTS
from pipelines.report.published import Published
from pipelines.report.write import write_report
from tests.pipelines.report.browser import chromium, watching
from tests.pipelines.report.test_page import HOSTILE
from tests.pipelines.report.told import AS_OF, QUARTER, stage, step, version
from tests.short_company import published_short_company

IN_JUNE = AS_OF.replace(day=20)

NEED_A_REPLAY = {"what_if_deliveries", "what_if_cycle"}


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """The published report of the short company."""
    return published_short_company(tmp_path_factory) / "current" / "report.html"


@pytest.fixture(scope="module")
def browser(company):
    """Opened after the company is built: Dagster's event loop does not close cleanly inside Playwright's."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def watched(browser, company):
    """The company's report in one window, for tests that say themselves what is chosen."""
    with watching(browser, company.resolve()) as opened:
        yield opened


@pytest.fixture(scope="module")
def streams(company):
    return Published(company.parent.resolve()).streams


def test_every_chart_is_drawn_for_some_stream_and_none_is_empty(watched, streams):
    marks = Counter()
    for stream in streams:
        watched.open(f"#stream={stream}")
        shown = watched.charts()
        assert all(shown.values()), f"{stream}: a chart without anything in it: {shown}"
        marks.update(shown)
    assert set(CHARTS) - set(marks) <= NEED_A_REPLAY
    assert watched.is_quiet


WHEN_TOLD = """
new MutationObserver(() => document.documentElement?.dataset.told && (window.wasDrawing ??= "vegaEmbed" in window))
    .observe(document, { attributes: true, subtree: true });
"""


def test_words_stand_before_the_drawing_library_is_even_unpacked(browser, company):
    with watching(browser, company.resolve()) as opened:
        opened.page.add_init_script(WHEN_TOLD)
        opened.open()
        assert opened.page.evaluate("window.wasDrawing") is False
        assert opened.page.evaluate("'vegaEmbed' in window"), "it is unpacked later"


def test_a_browser_that_cannot_draw_is_told_so_beside_the_verdict(browser, company):
    with watching(browser, company.resolve()) as opened:
        opened.page.add_init_script("delete window.structuredClone")
        opened.page.goto(company.resolve().as_uri())
        assert "too old to draw" in opened.page.inner_text("#old")
        assert len(opened.page.inner_text("#verdict-title")) > 20
        assert opened.is_quiet


def test_a_section_without_a_chart_says_why_in_words(watched, streams):
    watched.open(f"#stream={streams[0]}")
    for view in watched.page.locator("section[data-view]:not(.hero)").all():
        name = view.get_attribute("data-view")
        said = watched.text(name) or watched.text(name, "reason")
        assert len(said) > 20, name


def test_the_stream_is_chosen_by_keyboard_and_every_view_follows(watched, streams):
    watched.open(f"#stream={streams[0]}")
    before = watched.text("value_stream_map")
    watched.page.focus("#stream")
    watched.page.keyboard.press("ArrowDown")
    watched.wait()
    assert watched.page.input_value("#stream") == streams[1]
    assert watched.text("value_stream_map") != before
    assert f"stream={streams[1].replace(' ', '+')}" in watched.page.url
    assert f"Showing {streams[1]}, all types" in watched.page.inner_text("#status")


CHOOSE = """
async (stream) => {
    const select = document.querySelector('#stream');
    select.value = stream;
    select.dispatchEvent(new Event('change'));
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    return [document.querySelectorAll('figure svg').length, document.querySelector('#verdict-title').textContent];
}
"""


def test_no_chart_of_what_was_chosen_before_stands_beside_the_new_words(watched, streams):
    """A stream seen before has its words at once; nothing is drawn before the browser is idle."""
    watched.open(f"#stream={streams[1]}")
    words = watched.page.inner_text("#verdict-title")
    watched.page.select_option("#stream", streams[0])
    watched.wait()
    drawn, told = watched.page.evaluate(CHOOSE, streams[1])
    assert told == words
    assert drawn == 0
    watched.wait()
    assert watched.charts()


def test_the_type_thins_out_the_points_and_others_say_that_they_do_not_follow(watched, streams):
    watched.open(f"#stream={streams[0]}")
    whole = watched.charts()["cycle_scatter"]
    watched.page.select_option("#type", "Bug")
    watched.wait()
    assert 0 < watched.charts()["cycle_scatter"] < whole
    assert "all issue types" in watched.text("value_stream_map", "untyped")
    assert watched.text("cycle_times", "untyped") == ""
    assert "type=Bug" in watched.page.url


def test_the_period_changes_words_and_days(watched, streams):
    watched.open(f"#stream={streams[0]}")
    words, points = watched.text("cumulative_flow"), watched.charts()["cycle_scatter"]
    periods = watched.page.locator("#period option").all()
    watched.page.select_option("#period", periods[1].get_attribute("value"))
    watched.wait()
    assert watched.text("cumulative_flow") != words
    assert watched.charts()["cycle_scatter"] != points


def test_what_is_chosen_can_be_sent_to_others(watched, streams):
    watched.open(f"#stream={streams[1]}&type=Bug&unit=working")
    assert watched.page.input_value("#stream") == streams[1]
    assert watched.page.input_value("#type") == "Bug"
    assert watched.page.get_attribute("[data-unit='working']", "aria-pressed") == "true"


def test_a_choice_that_does_not_exist_falls_back(watched, streams):
    watched.open("#stream=Nobody&type=Nothing&period=1999-Q9")
    assert watched.page.input_value("#stream") in streams
    assert watched.page.input_value("#type") == ""
    assert watched.page.input_value("#period") == "latest"
    assert watched.is_quiet


def test_a_stream_is_chosen_from_the_list_of_all(watched, streams):
    watched.open(f"#stream={streams[0]}")
    button = watched.page.locator("#streams button", has_text=streams[2])
    button.focus()
    watched.page.keyboard.press("Enter")
    watched.wait()
    assert watched.page.input_value("#stream") == streams[2]
    assert watched.page.evaluate("document.activeElement.textContent") == streams[2], "the focus stays where it was"


def test_working_days_are_shorter_than_calendar_days(watched, streams):
    watched.open(f"#stream={streams[0]}")
    calendar = watched.page.inner_text(".map")
    watched.page.click("[data-unit='working']")
    watched.wait()
    assert watched.page.inner_text(".map") != calendar
    assert watched.page.evaluate("document.activeElement.dataset.unit") == "working"


def test_the_map_is_drawn_to_scale(watched, streams):
    """The lengths of all pieces are to each other as the days they stand for."""
    watched.open(f"#stream={streams[0]}")
    pieces = watched.page.evaluate(
        """() => [...document.querySelectorAll('.map .piece')].map((piece) =>
            [piece.getBoundingClientRect().width, Number(piece.title.match(/: ([\\d.]+) days/)[1])])"""
    )
    long = [(width, days) for width, days in pieces if days >= 1]
    scales = [width / days for width, days in long]
    assert len(long) >= 3
    assert max(scales) / min(scales) < 1.1, "figures are rounded to a tenth"
    lefts = watched.page.evaluate(
        """() => [...document.querySelectorAll('.map .piece')].map((piece) => piece.getBoundingClientRect().left)"""
    )
    assert lefts == sorted(lefts), "time runs from left to right"
    lines, labels = watched.page.evaluate(
        """() => ['.map .track:first-child > :is(.tick, .zero)', '.map .axis span'].map((places) =>
            [...new Set([...document.querySelectorAll(places)].map((place) => place.style.left))])"""
    )
    assert len(labels) >= 3
    assert lines == labels, "every line stands where its label says"


def test_figures_stand_behind_every_chart(watched, streams):
    watched.open(f"#stream={streams[0]}")
    watched.page.locator("[data-view='cycle_times'] [data-rows] summary").click()
    rows = watched.page.locator("[data-view='cycle_times'] [data-rows] tbody tr")
    rows.first.wait_for()
    assert 10 < rows.count() <= 203, "two hundred points and three percentiles at most"


def test_the_whole_page_is_reached_by_tab(watched, streams):
    watched.open(f"#stream={streams[0]}")
    reached = []
    for _ in range(12):
        watched.page.keyboard.press("Tab")
        reached.append(watched.page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert reached[0].startswith("Skip to the verdict")
    assert reached[1:4] == ["stream", "type", "period"]
    assert "Proof" in reached
    watched.page.focus(".skip")
    watched.page.keyboard.press("Enter")
    assert watched.page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(
    ("size", "scheme"), [("phone", "light"), ("laptop", "light"), ("laptop", "dark"), ("wide", "dark")]
)
def test_it_is_accessible_and_fits_in_light_and_dark_on_every_size(browser, company, streams, scheme, size):
    with watching(browser, company.resolve(), size, color_scheme=scheme) as opened:
        opened.open(f"#stream={streams[-1]}")
        opened.keep(f"{size}-{scheme}")
        found = Axe().run(opened.page).response["violations"]
        told = [f"{v['id']}: {n['html'][:140]} {n['failureSummary'][:160]}" for v in found for n in v["nodes"][:3]]
        assert not told, "\n".join(told)
        overflow = opened.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, "nothing makes the whole page scroll sideways"
        assert opened.is_quiet


def hostile(folder, site_url):
    """A version in which every name anybody may type into Jira tries to run a script."""
    journeys = [
        {
            "issue_id": n, "issue_key": HOSTILE if n % 2 else f"A-{n}", "issue_type": HOSTILE, "value_stream": HOSTILE,
            "cycle_ms": n * 86_400_000, "finished_at": IN_JUNE, "outcome": "delivered", "is_counted": True,
        }
        for n in range(1, 9)
    ]  # fmt: skip
    ageing = {
        "issue_key": HOSTILE,
        "issue_type": HOSTILE,
        "value_stream": HOSTILE,
        "stage_name": HOSTILE,
        "kind": "wait",
    }
    cycle = {"value_stream": HOSTILE, "delivered_count": 8, "cycle_days_p50": 4.0}
    edge = {"value_stream": HOSTILE, "from_stage_name": HOSTILE, "to_stage_name": HOSTILE, "move_count": 2}
    return version(
        folder,
        {
            "core.issues": [{"issue_id": 1, "issue_key": HOSTILE, "value_stream": HOSTILE}],
            "core.stages": [stage(HOSTILE, 0) | {"value_stream": HOSTILE}],
            "core.issue_journeys": journeys,
            "metrics.value_stream_map": [
                step(HOSTILE, value_stream=HOSTILE),
                step(HOSTILE, value_stream=HOSTILE, **QUARTER),
            ],
            "metrics.cycle_times": [cycle | {"issue_type": "All"}, cycle | {"issue_type": HOSTILE}],
            "metrics.ageing_work": [ageing | {"issue_id": 1, "age_days": 5.0}],
            "metrics.rework_edges": [edge | {"lost_days_total": 3.0}],
            "quality.runs": [{"version_id": HOSTILE, "as_of": AS_OF, "finished_at": AS_OF, "site_url": site_url}],
        },
        site=HOSTILE,
    )


def test_hostile_names_are_shown_and_never_run(browser, tmp_path):
    published = hostile(tmp_path, "https://acme.test")
    with watching(browser, write_report(published.folder).path) as opened:
        opened.open()
        opened.page.select_option("#type", index=1)
        opened.wait()
        assert opened.page.input_value("#stream") == HOSTILE
        assert HOSTILE in opened.text("value_stream_map")
        assert opened.page.locator("main img, main script").count() == 0
        assert opened.charts()["cycle_scatter"] > 0
        assert opened.is_quiet


def test_a_key_becomes_a_link_that_leads_to_its_site_only(browser, tmp_path):
    published = hostile(tmp_path, "https://acme.test/jira/")
    with watching(browser, write_report(published.folder).path) as opened:
        opened.open()
        links = opened.page.locator("[data-links] a").all()
        addresses = {link.evaluate("link => link.href") for link in links}
        assert {"https://acme.test/jira/browse/A-2", "https://acme.test/jira/browse/A-8"} <= addresses
        assert all(address.startswith("https://acme.test/jira/browse/") for address in addresses)
        assert {link.get_attribute("rel") for link in links} == {"noopener noreferrer"}


def test_an_address_of_another_scheme_becomes_no_link(browser, tmp_path):
    published = hostile(tmp_path, "javascript:alert(1)")
    with watching(browser, write_report(published.folder).path) as opened:
        opened.open()
        assert opened.page.locator("[data-links] li").count() > 0
        assert opened.page.locator("[data-links] a").count() == 0


def test_a_script_that_is_put_in_does_not_run(watched):
    watched.open()
    ran = watched.page.evaluate(
        """() => { const script = document.createElement('script'); script.textContent = 'window.ran = true';
                   document.body.append(script); return window.ran === true; }"""
    )
    assert not ran
    assert any("Content Security Policy" in line for line in watched.told)
    watched.told.clear()


def test_nothing_can_be_asked_for_even_by_the_pages_own_script(watched):
    watched.open()
    assert watched.page.evaluate("() => fetch('https://acme.test/').then(() => 'asked', () => 'refused')") == "refused"
    assert watched.page.evaluate("() => new Image().src = 'https://acme.test/x.png'")
    watched.page.wait_for_timeout(200)
    assert any("Content Security Policy" in line for line in watched.told)
    watched.told.clear()
    watched.asked.clear()


def test_the_file_of_the_company_is_small(company):
    assert company.stat().st_size < 1_500_000
