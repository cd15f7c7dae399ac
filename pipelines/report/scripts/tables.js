// Tables: a section's own, the rows behind a chart, and the issues to look at first.

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
