/* Draws every card of a dashboard from its panel's snaps: first paint and pushes alike, by the binding the card carries.

   <section id="revenue-by-day" data-topic="panel/revenue-by-day" data-show='{"kind":"chart","figure":…,"columns":…}'>
   A snap's data is {title, unit, labels, params, data: [rows]}. What the bindings mean stands in charts.py.
   A card is drawn at once, then at most four times a second; live.js holds back what a hidden tab misses.
   Document event "cogniflow:drawn" {panel, rev, begun} follows every drawing. */
(function () {
  "use strict";
  const root = (window.cogniflow = window.cogniflow || {});
  const SHORTEST_PAUSE = 250;
  const TONES = [[0.25, "bad"], [0.6, "warn"], [Infinity, "info"]];
  const cards = new Map();               // panel name -> {show, stop, snap, drawn, timer, shown}
  const said = new Map();                // component id -> what it was last given, as text

  /* ---- numbers, days and texts ---- */
  const isCurrency = (unit) => /^[A-Z]{3}$/.test(unit || "");
  const numbers = (options) => new Intl.NumberFormat(undefined, options);
  const plain = numbers({ maximumFractionDigits: 2 });
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  const isNumber = (value) => value !== null && value !== "" && !isNaN(value);
  const ratio = (share, digits) => numbers({ style: "percent", maximumFractionDigits: digits }).format(share).replace(/\s?%/, "\u00a0%");

  function amount(value, unit, digits) {
    if (!isCurrency(unit)) return plain.format(value);
    return numbers({ style: "currency", currency: unit, minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
  }
  function show(value, kind, panel) {
    if (value === null || value === undefined) return "–";
    if (kind === "day") return date.format(new Date(value));
    if (kind === "word") return panel.labels[value] || value;
    if (kind === "amount") return amount(value, panel.unit, 2);
    return isNumber(value) ? plain.format(value) : String(value);
  }
  /* {column} of the row, {parameter}, {unit}, {labels.key}, {a/b} as the share of the columns' sums, {change} on the previous value */
  function say(template, panel, row, kinds) {
    return (template || "").replace(/(?<!%)\{([\w./]+)\}/g, (_, key) => {
      if (key.startsWith("labels.")) return panel.labels[key.slice(7)] || "";
      if (key.includes("/")) return share(key, panel.data);
      const held = row && key in row ? show(row[key], kinds && kinds[key], panel) : undefined, asked = panel.params[key];
      // a text of one row tells of the row first, one of the whole panel of what was asked for
      return (kinds ? held ?? asked : asked ?? held) ?? (key === "unit" ? panel.unit : panel.labels[key] || "");
    });
  }
  function share(key, rows) {
    const [part, whole] = key.split("/").map((column) => rows.reduce((sum, row) => sum + Number(row[column]), 0));
    return whole ? ratio(part / whole, 1) : "–";
  }

  /* ---- charts: fill in the bindings ---- */
  function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function column(name, panel, kinds) {
    const kind = kinds[name];
    return panel.data.map((row) => kind === "number" || kind === "amount" ? Number(row[name]) : kind === "word" ? show(row[name], kind, panel) : row[name]);
  }
  function fill(value, panel, kinds) {
    if (Array.isArray(value)) return value.map((each) => fill(each, panel, kinds));
    if (typeof value === "string") {
      if (value[0] === "@") return column(value.slice(1), panel, kinds);
      if (value[0] === "=") return panel.data.map((row) => say(value.slice(1), panel, row, kinds));
      const variable = value.match(/^var\((.+)\)$/);
      return variable ? colour(variable[1]) : say(value, panel, null, kinds);
    }
    if (value === null || typeof value !== "object") return value;
    const [first, ...more] = Object.keys(value);
    if (first && first[0] === "@" && !more.length) return panel.data.map((row) => fill(value[first][row[first.slice(1)]], panel, kinds));
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, panel, kinds)]));
  }
  function separators() {
    const parts = numbers().formatToParts(12345.6), part = (type) => (parts.find((each) => each.type === type) || { value: "" }).value;
    return part("decimal") + part("group");
  }

  /* ---- tables and texts, as Dash's components ---- */
  const html = (type, props) => ({ namespace: "dash_html_components", type, props });
  function cell(row, name, kind, panel) {
    const [drawn, ...of] = kind.split(" ");
    const props = { "data-label": panel.labels[name] || name };
    if (drawn === "item") {
      const below = of.map((each) => row[each]).join(" · ");
      return html("Td", { className: "cf-item", children: [html("B", { children: row[name] }), html("Span", { children: below })] });
    }
    if (drawn === "meter") {
      const [part, whole] = of[0].split("/"), full = Math.min(1, Number(row[part]) / Number(row[whole]) || 0);
      const tone = TONES.find(([below]) => full <= below)[1];
      const bar = html("Div", { className: "cf-meter", "data-tone": tone, children: html("I", { style: { width: full * 100 + "%" } }) });
      return html("Td", Object.assign(props, { children: [bar, html("Span", { className: "cf-sr", children: ratio(full, 0) })] }));
    }
    const numeric = drawn === "number" || drawn === "amount";
    return html("Td", Object.assign(props, { className: numeric ? "cf-num" : drawn === "day" ? "cf-whole" : "", children: show(row[name], drawn, panel) }));
  }
  function table(columns, panel) {
    const heads = Object.entries(columns).map(([name, kind]) =>
      html("Th", { scope: "col", className: /^(number|amount)/.test(kind) ? "cf-num" : "", children: panel.labels[name] || name }));
    const rows = panel.data.map((row) => html("Tr", { children: Object.entries(columns).map(([name, kind]) => cell(row, name, kind, panel)) }));
    return [html("Thead", { children: html("Tr", { children: heads }) }), html("Tbody", { children: rows })];
  }
  function compared(template, panel, row) {
    const [before, after] = template.split("{change}").map((part) => say(part, panel, row));
    if (after === undefined) return before;
    const was = Number(row.previous), now = Number(row.value), change = was ? (now - was) / was : 0;
    const arrow = now > was ? "▲" : now < was ? "▼" : "=", tone = now > was ? "ok" : now < was ? "bad" : "mute";
    const text = was ? arrow + "\u00a0" + ratio(Math.abs(change), Math.abs(change) < 0.1 ? 1 : 0) : arrow;
    return [before, html("Span", { className: "cf-delta", "data-tone": tone, children: text }), after];
  }

  /* ---- drawing ---- */
  function give(id, props) {
    const text = JSON.stringify(props);
    if (said.get(id) === text || !document.getElementById(id)) return false;
    const before = said.has(id);
    said.set(id, text);
    window.dash_clientside.set_props(id, props);
    return before;
  }
  function draw(name) {
    const card = cards.get(name), panel = card.snap.data, first = panel.data[0];
    clearTimeout(card.timer);
    card.timer = null;
    card.drawn = performance.now();
    give(name + "-title", { children: panel.title });
    give(name + "-as_of", { children: say(panel.labels.as_of.replace("{time}", clock.format(card.at)), panel) });
    give(name + "-empty", { children: panel.labels.empty });
    if (card.show.kind === "number") drawNumber(name, panel, first);
    else give(name + "-note", { children: say(panel.labels.note, panel, first) });
    if (card.show.kind === "chart") drawChart(name, card, panel);
    if (card.show.kind === "rows") drawRows(name, card, panel);
    give(name, { "data-state": panel.data.length ? "ready" : "empty", "data-rev": card.snap.rev });
    document.dispatchEvent(new CustomEvent("cogniflow:drawn", { detail: { panel: name, rev: card.snap.rev, begun: card.drawn } }));
  }
  function drawNumber(name, panel, row) {
    const money = isCurrency(panel.unit);
    const moved = give(name + "-value", { children: money ? amount(row.value, panel.unit, 0) : plain.format(row.value) });
    give(name + "-unit", { children: money ? "" : panel.unit });
    give(name + "-note", { children: compared(panel.labels.note, panel, row) });
    if (moved) root.flash(document.getElementById(name + "-value"));
  }
  function drawChart(name, card, panel) {
    const figure = fill(card.show.figure, panel, card.show.columns);
    figure.layout.separators = separators();
    give(name + "-plot", { figure });
    give(name + "-table", { children: panel.labels.table });
    if (document.getElementById(name + "-details").open) give(name + "-rows", { children: table(card.show.columns, panel) });
  }
  function drawRows(name, card, panel) {
    const now = panel.data.map((row) => JSON.stringify(row)), before = card.rows;
    card.rows = new Set(now);
    if (!give(name + "-rows", { children: table(card.show.columns, panel) })) return;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const drawn = document.querySelectorAll("#" + name + "-rows tbody tr");
      now.forEach((row, at) => { if (!before.has(row) && drawn[at]) root.flash(drawn[at]); });
    }));
  }

  /* ---- from snap to drawing ---- */
  function drawSoon(name) {
    const card = cards.get(name);
    if (!card.snap || card.timer || !ready(name)) return;
    const pause = card.drawn === null ? 0 : card.drawn + SHORTEST_PAUSE - performance.now();
    if (pause <= 0) draw(name); else card.timer = setTimeout(draw, pause, name);
  }
  const ready = (name) => document.getElementById(name) && window.dash_clientside && window.dash_clientside.set_props;

  /* The cards on the page are those subscribed to: at first the skeleton's, before Dash has drawn its own. */
  function follow() {
    const seen = new Map([...document.querySelectorAll("[data-topic]")].map((element) => [element.dataset.topic, element]));
    for (const [topic, element] of seen) {
      const name = topic.split("/")[1];
      if (!cards.has(name)) cards.set(name, { topic, show: JSON.parse(element.dataset.show), stop: root.live.subscribe(topic, take), snap: null, drawn: null });
      else if (cards.get(name).drawn === null) drawSoon(name);
    }
    for (const [name, card] of cards) {
      if (seen.has(card.topic)) continue;
      card.stop();
      clearTimeout(card.timer);
      cards.delete(name);
      [...said.keys()].filter((id) => id === name || id.startsWith(name + "-")).forEach((id) => said.delete(id));
    }
  }
  function take(message) {
    const name = message.topic.split("/")[1], card = cards.get(name);
    if (message.type !== "snap" || !card) return;
    card.snap = message;
    card.at = new Date();
    drawSoon(name);
  }

  document.addEventListener("toggle", (event) => {
    const card = cards.get(event.target.id.replace(/-details$/, ""));
    if (card && card.snap && event.target.open) drawSoon(event.target.id.replace(/-details$/, ""));
  }, true);
  document.addEventListener("cogniflow:theme", () => { for (const [name, card] of cards) if (card.show.kind === "chart") drawSoon(name); });
  document.addEventListener("DOMContentLoaded", () => {
    follow();
    new MutationObserver(follow).observe(document.getElementById("react-entry-point"), { childList: true, subtree: true });
  });
})();
