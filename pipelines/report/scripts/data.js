// Shows the entries that fit the chosen stream, type and period. Words and rows are made before; nothing is computed here.
// Words stand first. Charts follow, those in view before the others; a stream is unpacked when it is chosen.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const sections = [...document.querySelectorAll("[data-view]")];
const state = { stream: "", type: "", period: "", unit: "elapsed" };
const drawn = new Map();
const streams = new Map();
let told = {};
let turn = 0;

/* What is packed */

function unpack(id) {
  const signs = atob(byId(id).textContent);
  const bytes = new Uint8Array(signs.length);
  for (let at = 0; at < signs.length; at++) bytes[at] = signs.charCodeAt(at);
  return unpacked(bytes);
}

function toldOf(stream) {
  if (!streams.has(stream)) streams.set(stream, JSON.parse(unpack(`pack-${data.streams.indexOf(stream)}`)));
  return streams.get(stream);
}

/* The policy names the hash of what is run here. */
function needLibrary() {
  if (window.vegaEmbed) return;
  const script = element("script");
  script.textContent = unpack("library");
  document.head.append(script);
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
