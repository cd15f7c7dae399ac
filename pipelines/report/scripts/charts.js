// Charts: their rows, colours that depend on what is chosen, and drawing them with the library.

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
  else if (isOnPaper()) spec.height = Math.min(spec.height, LOW);
  if (place.clientWidth < NARROW) spec.config = { ...spec.config, legend: { ...spec.config.legend, columns: 2 } };
  for (const { encoding } of [spec, ...(spec.layer || [])]) shorten(encoding?.color?.scale, encoding?.color?.field, found.rows);
  if (PAINTED.includes(chart)) spec.encoding.color.scale = paint(found.rows, entry.extra?.marked || []);
  drawn.get(chart)?.finalize();
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

const LOW = 190;
const isOnPaper = () => document.documentElement.classList.contains("paper");

const OPTIONS = { mode: "vega-lite", actions: false, renderer: "svg", ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true, theme: "custom" } };
