// Shows the entries that fit the chosen stream, type and period. Words and rows are made before; nothing is computed here.
// Words stand first. Charts follow, those in view before the others; a stream is unpacked when it is chosen.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const sections = [...document.querySelectorAll("[data-view]")];
const state = { stream: "", type: "", period: "", unit: "elapsed" };
const drawn = new Map();
const streams = new Map();
let told = {};
let turn = 0;

/* What is packed */

async function unpack(id) {
  const bytes = Uint8Array.from(atob(byId(id).textContent), (sign) => sign.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function toldOf(stream) {
  if (!streams.has(stream)) streams.set(stream, JSON.parse(await unpack(`pack-${data.streams.indexOf(stream)}`)));
  return streams.get(stream);
}

let library = null;

/* The policy names the hash of what is run here. */
function drawingLibrary() {
  library ??= unpack("library").then((text) => {
    const script = element("script");
    script.textContent = text;
    document.head.append(script);
  });
  return library;
}

/* Rows travel as columns; texts that repeat as numbers into a list. */
function decode(table, isKept = () => true) {
  const readers = Object.entries(table.columns).map(([name, { list, codes, values }]) => [name, list ? (at) => list[codes[at]] ?? null : (at) => values[at]]);
  const read = Object.fromEntries(readers);
  const places = Array.from({ length: table.count }, (_, at) => at).filter((at) => isKept((name) => read[name]?.(at)));
  return places.map((at) => Object.fromEntries(readers.map(([name, value]) => [name, value(at)])));
}

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function fill(target, ...children) {
  target.replaceChildren(...children);
  target.hidden = children.length === 0 || (children.length === 1 && children[0] === "");
}

const periodsOf = (stream) => data.periods.filter((period) => period.stream === stream);
const chosenPeriod = () => periodsOf(state.stream).find((period) => period.id === state.period);

/* The entry that says most of what is chosen. */
function entryOf(view) {
  const fits = view.entries.filter(
    (entry) => (!entry.period || entry.period === state.period) && (!entry.type || entry.type === state.type),
  );
  return fits.sort((a, b) => Number(!!b.type) - Number(!!a.type) || Number(!!b.period) - Number(!!a.period))[0];
}

function rowsOf(view, entry, chart) {
  const own = entry.charts?.[chart];
  if (own) return decode(own);
  const shared = view.shared[chart];
  if (!shared) return [];
  const period = view.follows.includes("period") && chosenPeriod();
  const type = view.follows.includes("type") && state.type;
  return decode(shared, (value) => (!period || !value("date") || (value("date") >= period.start && value("date") <= period.end)) && (!type || value("issue_type") === type));
}

function link(site, key) {
  const address = data.sites[site];
  if (!address) return key;
  return element("a", { href: address + encodeURIComponent(key), target: "_blank", rel: "noopener noreferrer" }, key);
}

/* Tables */

const isFigure = (text) => /^[−+\-<>\s\d.,%–[\]…]+( ?(days?|working days?|weeks?))?$/.test(text);

function tableOf(head, rows, { marked = [], caption = "" } = {}) {
  const figures = head.map((_, column) => column > 0 && rows.every((row) => isFigure(String(row[column]))));
  const cell = (tag, text, column, extra = {}) => element(tag, { ...extra, ...(figures[column] && { class: "number" }) }, text);
  const top = element("tr", {}, ...head.map((text, column) => cell("th", text, column, { scope: "col" })));
  const body = rows.map((row, at) =>
    element("tr", marked.includes(at) ? { class: "marked" } : {}, ...row.map((text, column) => cell(column ? "td" : "th", text, column, column ? {} : { scope: "row" }))),
  );
  const parts = [element("thead", {}, top), element("tbody", {}, ...body)];
  return element("table", {}, ...(caption ? [element("caption", { class: "visually-hidden" }, caption)] : []), ...parts);
}

const SHOWN_ROWS = 200;

function showRows(section, view, entry) {
  const place = section.querySelector("[data-rows]");
  if (!place) return;
  const shown = view.charts.map((chart) => rowsOf(view, entry, chart)).filter((rows) => rows.length);
  place.hidden = shown.length === 0;
  const draw = () => {
    const tables = shown.flatMap((rows) => {
      const names = Object.keys(rows[0]).filter((name) => !["order", "is_over", "site"].includes(name));
      const texts = rows.slice(0, SHOWN_ROWS).map((row) => names.map((name) => (row[name] === null || row[name] === undefined ? "–" : String(row[name]))));
      const more = rows.length > SHOWN_ROWS ? [element("p", {}, `The first ${SHOWN_ROWS} of ${rows.length}; all of them are in the published tables.`)] : [];
      return [tableOf(names.map((name) => name.replaceAll("_", " ")), texts), ...more];
    });
    place.querySelector(".scroll").replaceChildren(...tables);
  };
  place.ontoggle = () => place.open && draw();
  if (place.open) draw();
}

function showLinks(section, entry) {
  const place = section.querySelector("[data-links]");
  if (!place) return;
  const found = entry.extra?.links?.count ? decode(entry.extra.links) : [];
  place.hidden = found.length === 0;
  place.querySelector("summary").textContent = `The ${found.length === 1 ? "issue" : found.length + " issues"} to look at first`;
  const items = found.map((row) => element("li", {}, link(row.site, row.key), `: ${row.text}`));
  place.querySelector("ol").replaceChildren(...items);
}

/* The value stream map */

const KINDS = ["wait", "touch", "blocked", "unassigned"];
const NAMES = { wait: "waiting", touch: "touch", blocked: "blocked", unassigned: "nobody assigned", "hidden-wait": "touch with waiting hidden in it" };
const UNSCALED = 1.5;
const round = (value) => (value >= 9.95 ? value.toFixed(0) : value >= 0.95 ? value.toFixed(1) : value.toFixed(2)).replace(/\.?0+$/, (end) => (end.includes(".") ? "" : end));

function tickOf(length) {
  const rough = length / 6;
  const base = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((step) => step * base).find((step) => step >= rough);
}

/* Days on which a line stands, the start of work being day 0. */
function marksOf(before, after, tick) {
  const first = -Math.floor(before / tick);
  return Array.from({ length: Math.floor(after / tick) - first + 1 }, (_, at) => (first + at) * tick);
}

function drawMap(place, entry, title) {
  const ending = state.unit === "working" ? "_working" : "";
  const steps = decode(entry.extra.steps).map((step) => {
    const parts = KINDS.map((kind) => ({ kind: kind === "touch" && !step.queue && step.active ? "hidden-wait" : kind, days: step[kind + ending] }));
    return { ...step, parts, whole: parts.reduce((sum, part) => sum + part.days, 0) };
  });
  const before = steps.filter((step) => step.where === "upstream").reduce((sum, step) => sum + step.whole, 0);
  const after = steps.filter((step) => step.where !== "upstream").reduce((sum, step) => sum + step.whole, 0) || 1;
  const broken = before > UNSCALED * after;
  const shrink = broken ? (0.18 * after) / before : 1;
  const whole = after + before * shrink;
  const percent = (days) => `${(100 * days) / whole}%`;
  const zero = before * shrink;
  const marks = marksOf(broken ? 0 : before, after, tickOf(whole));
  let at = 0;
  const rows = steps.map((step) => {
    const scale = step.where === "upstream" ? shrink : 1;
    const track = element("div", { class: "track", "aria-hidden": "true" });
    for (const days of marks) {
      const line = element("div", { class: days === 0 ? "zero" : "tick" });
      line.style.left = percent(zero + days);
      track.append(line);
    }
    for (const part of step.parts) {
      if (part.days <= 0) continue;
      const piece = element("div", { class: `piece ${part.kind}${step.where === "upstream" ? " upstream" : ""}${broken && step.where === "upstream" ? " broken" : ""}`, title: `${step.stage}: ${round(part.days)} days ${NAMES[part.kind]}` });
      piece.style.left = percent(at);
      piece.style.width = percent(part.days * scale);
      track.append(piece);
      at += part.days * scale;
    }
    const name = element("th", { scope: "row", class: "step" }, step.stage);
    if (step.marked) name.append(element("span", { class: "mark" }, `the ${entry.extra.mark}`));
    const number = (label, value) => element("td", { class: "number", "data-label": label }, value > 0 ? `${round(value)} d` : "–");
    const other = step.blocked + step.unassigned > 0 ? step["blocked" + ending] + step["unassigned" + ending] : 0;
    return element("tr", step.marked ? { class: "marked" } : {}, name, element("td", { class: "picture" }, track), number("wait", step["wait" + ending]), number("touch", step["touch" + ending]), number("other", other));
  });
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  for (const days of marks) {
    const label = element("span", {}, days === 0 ? "start" : `${round(Math.abs(days)).replace(/^/, days < 0 ? "−" : "")} d`);
    label.style.left = percent(zero + days);
    axis.append(label);
  }
  const head = ["Step", "", "Waits", "Touch", "Blocked, unassigned"].map((text, column) => element("th", { scope: "col", ...(column > 1 && { class: "number" }) }, text));
  head[1].append(element("span", { class: "visually-hidden" }, "Picture"));
  const foot = element("tr", {}, element("td"), element("td", { class: "picture" }, axis), element("td"), element("td"), element("td"));
  const table = element("table", { class: "map" }, element("caption", { class: "visually-hidden" }, `${title}: days per delivered issue`), element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows, foot));
  const kinds = new Set(steps.flatMap((step) => step.parts.filter((part) => part.days > 0).map((part) => part.kind)));
  const keys = element("ul", { class: "keys" }, ...[...kinds].map((kind) => element("li", {}, element("span", { class: `key ${kind}` }), NAMES[kind])));
  if (broken) keys.append(element("li", {}, `The ${round(before)} days before the start are not to scale.`));
  place.replaceChildren(units(), keys, table);
}

function units() {
  const choice = (unit, text) => {
    const button = element("button", { type: "button", "aria-pressed": String(state.unit === unit), "data-unit": unit }, text);
    button.onclick = async () => {
      await choose({ unit });
      document.querySelector(`[data-unit="${unit}"]`).focus();
    };
    return button;
  };
  return element("div", { class: "units", role: "group", "aria-label": "Days" }, choice("elapsed", "Calendar days"), choice("working", "Working days"));
}

/* Charts */

function datasets(view, entry, chart) {
  const found = { rows: rowsOf(view, entry, chart) };
  for (const [name, table] of Object.entries(entry.charts || {}))
    if (name.startsWith(chart + ".")) found[name.slice(chart.length + 1)] = decode(table);
  return found;
}

async function drawChart(section, view, entry, chart) {
  const figure = section.querySelector(`[data-figure="${chart}"]`);
  const place = figure.querySelector("[data-chart]");
  const found = entry.reason ? { rows: [] } : datasets(view, entry, chart);
  figure.hidden = found.rows.length === 0;
  if (figure.hidden) return;
  place.setAttribute("aria-label", `${view.title}: ${entry.finding}`);
  const now = turn;
  const spec = structuredClone(data.specs[chart]);
  const [name, step] = spec.usermeta.step || [];
  if (name) spec.height = step * new Set(found.rows.map((row) => row[name])).size;
  if (place.clientWidth < NARROW) spec.config = { ...spec.config, legend: { ...spec.config.legend, columns: 2 } };
  for (const { encoding } of [spec, ...(spec.layer || [])]) shorten(encoding?.color?.scale, encoding?.color?.field, found.rows);
  if (PAINTED.includes(chart)) spec.encoding.color.scale = paint(found.rows, entry.extra?.marked || []);
  const result = await vegaEmbed(place, { ...spec, datasets: { ...spec.datasets, lines: [], ...found } }, OPTIONS);
  if (now !== turn) return result.finalize();
  place.firstElementChild.setAttribute("aria-hidden", "true"); // one picture with its words beside it, its figures in a table
  place.style.minHeight = "";
  drawn.set(chart, result);
}

/* Bands get their colours here, because only the chosen period knows which stage is marked. */
const PAINTED = ["cumulative_flow"];
const SHADES = ["--band-1", "--band-2", "--band-3", "--band-6", "--band-4", "--band-5"];

function paint(rows, marked) {
  const stages = new Map(rows.map((row) => [row.stage, row]));
  const names = [...stages.values()].sort((a, b) => a.order - b.order).map((row) => row.stage);
  const shade = (name, at) => (stages.get(name).is_over ? (stages.get(name).order < 998 ? "--done" : "--quiet") : marked.includes(name) ? "--wait" : SHADES[at % SHADES.length]);
  return { domain: names, range: names.map((name, at) => `var(${shade(name, at)})`) };
}

/* A legend names only what is drawn. */
function shorten(scale, field, rows) {
  if (!scale?.domain) return;
  const found = new Set(rows.map((row) => row[field]));
  const kept = scale.domain.map((name, at) => [name, scale.range[at]]).filter(([name]) => found.has(name));
  [scale.domain, scale.range] = [kept.map(([name]) => name), kept.map(([, colour]) => colour)];
}

const NARROW = 460;

const OPTIONS = { mode: "vega-lite", actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true, theme: "custom" } };

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
  place.style.minHeight = `${place.offsetHeight || data.specs[chart].height + LABELS}px`;
  drawn.get(chart)?.finalize();
  drawn.delete(chart);
  place.replaceChildren();
  figure.hidden = !isAwaited;
}

const LABELS = 60;

async function draw(section) {
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
async function showAll() {
  const now = ++turn;
  document.documentElement.dataset.ready = "false";
  settle();
  showStreams();
  const found = await toldOf(state.stream);
  if (now !== turn) return;
  told = found;
  for (const section of sections) say(section);
  document.documentElement.dataset.told = "true";
  byId("status").textContent = `Showing ${state.stream}, ${state.type || "all types"}, ${chosenPeriod()?.name ?? ""}.`;
  drawAll(now);
}

async function drawAll(now) {
  await pause();
  await drawingLibrary();
  const waiting = new Set(sections);
  while (waiting.size) {
    const next = [...waiting].find(isInView) || [...waiting][0];
    waiting.delete(next);
    await draw(next);
    await pause();
    if (now !== turn) return;
  }
  document.documentElement.dataset.ready = "true";
}

function choose(change) {
  const focused = document.activeElement?.textContent;
  Object.assign(state, change);
  settle();
  const hash = new URLSearchParams(Object.entries(state).filter(([, value]) => value && value !== "elapsed"));
  history.replaceState(null, "", `#${hash}`);
  const shown = showAll();
  [...document.querySelectorAll("#streams button")].find((button) => button.textContent === focused)?.focus();
  return shown;
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
if (!window.DecompressionStream) byId("old").hidden = false;
else if (data.streams.length) {
  readHash();
  showAll();
}
