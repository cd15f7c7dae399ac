// Sections, and what is chosen. Last of the scripts: it begins.

/* One section */

const chosen = (section) => {
  const view = { ...data.views[section.dataset.view], ...told[section.dataset.view] };
  return [view, entryOf(view) || NOTHING];
};

const NOTHING = { finding: "", reason: "These tables hold nothing on this choice." };

/* Words at once, charts one after another: what is read first stands first. */
function say(section) {
  const [view, entry] = chosen(section);
  const part = (name) => section.querySelector(`[data-${name}]`);
  if (section.dataset.view === "verdict") showVerdict(part, entry);
  else {
    fill(part("finding"), entry.finding || "");
    fill(part("reason"), entry.reason || "");
  }
  fill(part("caveat"), entry.caveat || "");
  fill(part("facts"), ...(entry.facts || []).map(([name, figure]) => element("div", {}, element("dt", {}, name), element("dd", {}, figure))));
  const isUntyped = state.type && !view.follows.includes("type");
  fill(part("untyped"), isUntyped ? "Speaks of all issue types: these tables are not split by type." : "");
  if (part("map")) entry.extra?.steps ? drawMap(part("map"), entry, view.title) : part("map").replaceChildren();
  if (part("table")) fill(part("table"), ...(entry.table ? [tableOf(entry.table[0], entry.table.slice(1), { marked: entry.extra?.marked, caption: view.title })] : []));
  showLinks(section, entry);
  for (const chart of view.charts) clear(section, chart, !entry.reason);
}

/* What was chosen before is gone at once; the room for what comes is kept, so that nothing jumps. */
function clear(section, chart, isAwaited) {
  const figure = section.querySelector(`[data-figure="${chart}"]`);
  const place = figure.querySelector("[data-chart]");
  place.style.minHeight = `${(drawn.has(chart) && place.offsetHeight) || data.specs[chart].height + LABELS}px`;
  drawn.get(chart)?.finalize();
  drawn.delete(chart);
  place.replaceChildren();
  figure.hidden = !isAwaited;
}

const LABELS = 60;

async function draw(section) {
  undrawn.delete(section);
  needLibrary();
  const [view, entry] = chosen(section);
  for (const chart of view.charts) await drawChart(section, view, entry, chart);
  showRows(section, view, entry);
}

function showVerdict(part, entry) {
  const words = { strong: "strong evidence", moderate: "moderate evidence", weak: "weak evidence", none: "no confidence" };
  const label = entry.extra?.label ? `${entry.extra.label} · ${words[entry.extra.confidence]}` : "No verdict";
  fill(part("label"), label);
  part("headline").textContent = [entry.finding || entry.reason, entry.extra?.moved].filter(Boolean).join(" ");
}

function showStreams() {
  const place = byId("streams");
  if (!place) return;
  const head = ["Value stream", "What stands out", "", "Median cycle time", "Of it waiting", "Delivered", "Issue-days waited"];
  const rows = data.overview.map((line) => {
    const button = element("button", { type: "button", class: "link-button", "aria-pressed": String(line.stream === state.stream) }, line.stream);
    button.onclick = () => choose({ stream: line.stream });
    return [button, line.named, line.word, line.cycle, line.wait, line.delivered, line.waited.toLocaleString("en", { maximumFractionDigits: 0 })];
  });
  const table = tableOf(head, rows);
  table.tHead.rows[0].cells[2].append(element("span", { class: "visually-hidden" }, "How surely"));
  [...table.tBodies[0].rows].forEach((row, at) => {
    if (data.overview[at].stream === state.stream) row.className = "chosen";
    [3, 4, 5, 6].forEach((column) => {
      row.cells[column].classList.add("number");
      row.cells[column].dataset.label = head[column].toLowerCase();
    });
  });
  [3, 4, 5, 6].forEach((column) => table.tHead.rows[0].cells[column].classList.add("number"));
  place.replaceChildren(...table.children);
}

/* What is chosen */

function options(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => element("option", { value }, text)));
  select.value = choices.some(([value]) => value === chosen) ? chosen : choices[0]?.[0] ?? "";
  return select.value;
}

function settle() {
  state.stream = options(byId("stream"), data.streams.map((name) => [name, name]), state.stream || data.overview[0]?.stream);
  state.type = options(byId("type"), [["", "All types"], ...(data.types[state.stream] || []).map((name) => [name, name])], state.type);
  state.period = options(byId("period"), periodsOf(state.stream).map((period) => [period.id, period.name]), state.period);
  if (state.unit !== "working") state.unit = "elapsed";
}

const pause = () => new Promise((resume) => (window.requestIdleCallback ? requestIdleCallback(resume, { timeout: 200 }) : setTimeout(resume)));

const isInView = (section) => {
  const { top, bottom } = section.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
};

/* Words of all sections; charts follow by themselves. */
function showAll() {
  settle();
  showStreams();
  told = toldOf(state.stream);
  for (const section of sections) say(section);
  document.documentElement.dataset.told = "true";
  byId("status").textContent = `Showing ${state.stream}, ${state.type || "all types"}, ${chosenPeriod()?.name ?? ""}.`;
  drawAll();
}

/* Sections whose charts are still to come. */
let undrawn = new Set();

async function drawAll() {
  const now = ++turn;
  undrawn = new Set(sections);
  document.documentElement.dataset.ready = "false";
  for (await pause(); now === turn && undrawn.size; await pause()) await draw([...undrawn].find(isInView) ?? [...undrawn][0]);
  if (now === turn) document.documentElement.dataset.ready = "true";
}

/* Paper does not wait, so everything is drawn at once, as wide as paper: drawing awaits nothing but its own steps, and all of them
   have run before the browser takes the page. */
addEventListener("beforeprint", () => {
  document.documentElement.classList.add("paper");
  sections.forEach(draw);
});

addEventListener("afterprint", () => {
  document.documentElement.classList.remove("paper");
  drawAll();
});

function choose(change) {
  const focused = document.activeElement?.textContent;
  Object.assign(state, change);
  settle();
  const hash = new URLSearchParams(Object.entries(state).filter(([, value]) => value && value !== "elapsed"));
  history.replaceState(null, "", `#${hash}`);
  showAll();
  [...document.querySelectorAll("#streams button")].find((button) => button.textContent === focused)?.focus();
}

function readHash() {
  const hash = new URLSearchParams(location.hash.slice(1));
  for (const name of Object.keys(state)) state[name] = hash.get(name) ?? "";
}

for (const name of ["stream", "type", "period"]) byId(name).onchange = (event) => choose({ [name]: event.target.value });
for (const anchor of document.querySelectorAll("nav a, .skip")) {
  anchor.onclick = (event) => {
    event.preventDefault();
    const target = byId(anchor.getAttribute("href").slice(1));
    target.scrollIntoView();
    (target.querySelector("[tabindex]") || target).focus({ preventScroll: true });
  };
}
addEventListener("hashchange", () => { readHash(); showAll(); });
if (!window.structuredClone) byId("old").hidden = false;
else if (data.streams.length) {
  readHash();
  showAll();
}
