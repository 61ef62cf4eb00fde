/* What every page of the shell can do: drawer, theme, menus, toasts, confirm dialogs, keys, select-all and bulk actions.
   Plain DOM, no handlers in the markup, `script-src 'self'`.

   data-nav-toggle                         opens and closes the navigation on narrow screens
   data-theme-toggle                       light <-> dark; document event "cogniflow:theme"
   <form data-confirm="Delete it?" data-confirm-label="Delete">   also on a submit button
   data-select-all                         ticks every .action-checkbox of its table
   data-selected-count, data-bulk          number of ticked rows; shown only when there are some
   <button data-bulk-action="archive" data-confirm="Archive {n} rows?">   submits #action_form with the ticked rows
   data-key="n"                            that key presses it; / j k e Ctrl+S ? work everywhere
   cogniflow.toast(text, tone, {label, run}), cogniflow.flash(element), cogniflow.crossSite() */
(function () {
  "use strict";
  const root = (window.cogniflow = window.cogniflow || {});
  const html = document.documentElement;
  const one = (selector, within) => (within || document).querySelector(selector);
  const all = (selector, within) => [...(within || document).querySelectorAll(selector)];
  let serial = 0;

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) if (value !== null && value !== undefined) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "cf-icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", html.dataset.icons + "#" + name);
    svg.append(use);
    return svg;
  }
  function storage(key, value) {
    try { if (value === undefined) return localStorage.getItem(key); localStorage.setItem(key, value); } catch (e) { /* storage is off */ }
    return null;
  }

  /* ---- toasts ---- */
  function toast(text, tone, action) {
    const box = one("[data-toasts]");
    const close = make("button", { type: "button", "aria-label": "Dismiss" }, icon("x"));
    const item = make("div", { class: "cf-toast", "data-tone": tone || "info" }, make("span", {}, text));
    if (action) {
      const run = make("button", { type: "button" }, action.label);
      run.addEventListener("click", () => { item.remove(); action.run(); });
      item.append(run);
    }
    item.append(close);
    close.addEventListener("click", () => item.remove());
    box.append(item);
    while (box.children.length > 4) box.firstElementChild.remove();
    let left = setTimeout(() => item.remove(), tone === "bad" || action ? 10000 : 5000);
    item.addEventListener("pointerenter", () => clearTimeout(left));
    item.addEventListener("pointerleave", () => { left = setTimeout(() => item.remove(), 3000); });
    return item;
  }

  function toastThere(text, tone, address) {          // on the page that is gone to
    storage("cf-said", JSON.stringify([text, tone]));
    location.assign(address);
  }
  function toastHere() {
    const said = storage("cf-said");
    if (!said) return;
    storage("cf-said", "");
    toast(...JSON.parse(said));
  }

  /* ---- dialogs ---- */
  function openDialog(title, body, buttons) {
    const id = "cf-dialog-" + ++serial;
    const actions = make("div", { class: "cf-actions" }, ...buttons);
    const dialog = make("dialog", { class: "cf-dialog", "aria-labelledby": id }, make("h2", { id }, title), body, actions);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    return dialog;
  }
  function confirm(options) {
    return new Promise((answer) => {
      const no = make("button", { type: "button", class: "btn btn-secondary" }, "Cancel");
      const yes = make("button", { type: "button", class: "btn " + (options.tone === "bad" ? "btn-danger" : "btn-primary") }, options.label || "Continue");
      const text = options.detail ? make("p", {}, options.detail) : null;
      const dialog = openDialog(options.text, text, [no, yes]);
      no.addEventListener("click", () => dialog.close());
      yes.addEventListener("click", () => dialog.close("yes"));
      dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"));
      no.focus();
    });
  }
  function question(element, count) {
    const data = element.dataset;
    const label = data.confirmLabel || (element.textContent.trim().length < 24 && element.matches("button") ? element.textContent.trim() : "") || "Continue";
    const bad = /delete|remove|cancel|void/i.test(label) ? "bad" : "";
    return confirm({ text: data.confirm.replace("{n}", count), detail: data.confirmDetail, label, tone: bad });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asking = event.submitter && event.submitter.dataset.confirm ? event.submitter : form.dataset.confirm ? form : null;
    if (!asking || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    question(asking, 1).then((yes) => {
      if (!yes) return;
      form.dataset.confirmed = "yes";
      form.requestSubmit(event.submitter || undefined);
      delete form.dataset.confirmed;
    });
  }, true);

  /* ---- drawer, theme, menus ---- */
  function drawer(open) {
    const button = one("[data-nav-toggle]");
    if (!button || document.body.classList.contains("cf-nav-open") === open) return;
    document.body.classList.toggle("cf-nav-open", open);
    button.setAttribute("aria-expanded", String(open));
    const main = one("main");
    if (main) main.inert = open;
    if (open) { const first = one(".cf-side a[aria-current]") || one(".cf-side a"); if (first) first.focus(); } else button.focus();
  }
  function switchTheme() {
    const theme = html.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    html.setAttribute("data-bs-theme", theme);
    storage("cf-theme", theme);
    describeTheme();
    document.dispatchEvent(new CustomEvent("cogniflow:theme", { detail: { theme } }));
  }
  function describeTheme() {
    const dark = html.getAttribute("data-bs-theme") === "dark";
    all("[data-theme-toggle]").forEach((button) => button.setAttribute("aria-label", dark ? "Use the light theme" : "Use the dark theme"));
  }
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest("[data-nav-toggle]")) return drawer(!document.body.classList.contains("cf-nav-open"));
    if (target.closest(".cf-scrim")) return drawer(false);
    if (target.closest("[data-theme-toggle]")) switchTheme();
    const reveal = target.closest("[data-reveal]");
    if (reveal) revealPassword(reveal);
    all("details.cf-menu[open]").forEach((menu) => { if (!menu.contains(target)) menu.open = false; });
    return undefined;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = one("details.cf-menu[open]");
    if (menu) { menu.open = false; one("summary", menu).focus(); }
    drawer(false);
  });
  function revealPassword(button) {
    const input = document.getElementById(button.getAttribute("aria-controls"));
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  }

  /* ---- ticked rows ---- */
  function ticked(table) { return all(".action-checkbox:checked", table); }
  function countTicked() {
    const n = ticked().length;
    all("[data-selected-count]").forEach((element) => { element.textContent = n; });
    all("[data-bulk]").forEach((element) => { element.hidden = n === 0; });
    all("[data-select-all]").forEach((box) => {
      const table = box.closest("table") || document;
      const rows = all(".action-checkbox", table).length, on = ticked(table).length;
      box.checked = rows > 0 && on === rows;
      box.indeterminate = on > 0 && on < rows;
    });
  }
  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches("[data-select-all]")) all(".action-checkbox", target.closest("table") || document).forEach((box) => { box.checked = target.checked; });
    if (target.matches("[data-select-all], .action-checkbox")) countTicked();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-bulk-action]");
    if (!button) return;
    event.preventDefault();
    const rows = ticked(), form = document.getElementById("action_form");
    if (!rows.length) { toast("Tick the rows first.", "warn"); return; }
    if (button.dataset.confirm && !(await question(button, rows.length))) return;
    one('[name="action"]', form).value = button.dataset.bulkAction;
    all('[name="rowid"]', form).forEach((input) => input.remove());
    rows.forEach((box) => form.append(make("input", { type: "hidden", name: "rowid", value: box.value })));
    form.requestSubmit();
  });

  /* ---- what others use ---- */
  function flash(element) {
    element.classList.remove("cf-flash");
    void element.offsetWidth;
    element.classList.add("cf-flash");
    setTimeout(() => element.classList.remove("cf-flash"), 1300);
  }
  function crossSite() {                   // what a write by the session must carry in X-CSRFToken
    const found = document.cookie.split("; ").find((pair) => pair.startsWith("XSRF-TOKEN="));
    return found ? decodeURIComponent(found.slice("XSRF-TOKEN=".length)) : "";
  }

  /* ---- keys ---- */
  const KEYS = [["/", "Search this list"], ["n", "New"], ["j / k", "Next and previous row"], ["e", "Edit the row"], ["Enter", "Open the row"], ["Ctrl + S", "Save the form"], ["?", "This help"]];
  function help() {
    const list = make("dl", { class: "cf-keys" });
    KEYS.forEach(([key, text]) => list.append(make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)));
    const box = make("input", { type: "checkbox", id: "cf-keys-on" });
    box.checked = storage("cf-keys") !== "off";
    box.addEventListener("change", () => storage("cf-keys", box.checked ? "on" : "off"));
    const close = make("button", { type: "button", class: "btn btn-secondary" }, "Close");
    const dialog = openDialog("Keyboard", make("div", {}, list, make("label", { for: "cf-keys-on" }, box, "  Single-key shortcuts")), [close]);
    close.addEventListener("click", () => dialog.close());
  }
  function moveRow(step) {
    const rows = all("table.cf-table tbody tr[data-id]");
    if (!rows.length) return;
    const at = rows.findIndex((row) => row.classList.contains("cf-at"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    rows.forEach((row) => row.classList.toggle("cf-at", row === next));
    const link = one("a[href], button, input", next);
    if (link) link.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      const form = one("form.cf-form");
      if (form) { event.preventDefault(); form.requestSubmit(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.matches("input:not([type=checkbox]), select, textarea, [contenteditable]") || one("dialog[open]") || storage("cf-keys") === "off") return;
    const named = all("[data-key]").find((element) => element.dataset.key === event.key);
    if (named) { event.preventDefault(); if (named.matches("input")) named.focus(); else named.click(); }
    else if (event.key === "/") { const input = one("main input[type=search]"); if (input) { event.preventDefault(); input.focus(); } }
    else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
    else if (event.key === "e") { const link = one("tr.cf-at [data-row-edit]"); if (link) link.click(); }
    else if (event.key === "?") help();
  });

  /* ---- start ---- */
  Object.assign(root, { one, all, toast, toastThere, flash, icon, make, countTicked, crossSite });
  describeTheme();
  countTicked();
  toastHere();
})();
