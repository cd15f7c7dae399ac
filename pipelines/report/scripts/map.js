// The value stream map, to scale.

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
    button.onclick = () => {
      choose({ unit });
      document.querySelector(`[data-unit="${unit}"]`).focus();
    };
    return button;
  };
  return element("div", { class: "units", role: "group", "aria-label": "Days" }, choice("elapsed", "Calendar days"), choice("working", "Working days"));
}
