/* Lists that follow the feed.

   <table class="cf-table" data-live-topic="products" [data-row-url="?page=2"]> with <tr data-id="7">: rows on screen that
   changed are fetched together (one request for the page, at most every 500 ms), replaced and flashed; new rows are
   offered by a chip (`[data-live-chip]`, made above the list when the page has none); what is not on screen is ignored.
   [data-live-names='{"contacts": "name"}'] says whose names stand in the rows, and in which column of theirs: when one of them
   changes, all rows are looked at.
   Elements [data-live-count="name"] are taken over from the fetched page too. */
(function () {
  "use strict";
  const { live, make, flash, icon, toast, countTicked, describeEditables } = window.cogniflow;
  const GATHERED = 500;
  document.querySelectorAll("table[data-live-topic]").forEach(followList);

  /* ---- lists ---- */
  function followList(table) {
    const changed = new Set(), fresh = new Set();
    const topic = table.dataset.liveTopic, names = JSON.parse(table.dataset.liveNames || "{}");
    let whole = false, unnamed = false, taken = null;
    const rows = () => [...table.tBodies[0].querySelectorAll(":scope > tr[data-id]")];
    const named = (row) => row.dataset.feedId || row.dataset.id;          // a stock balance is named by its product
    const busy = (row) => row.matches(".cf-pending") || row.querySelector(".cf-edit, .cf-pending, details[open]");
    const list = live.resource(table.dataset.rowUrl, { topics: [...new Set([topic, ...Object.keys(names)])], accept: "text/html", wait: GATHERED, shown: true, wants: hear }).watch(follow);

    function hear(m) {
      if (m.type === "reset" || (m.op === "U" && m.topic in names && (!m.cols || m.cols.includes(names[m.topic])))) whole = true;
      else if (m.topic !== topic) return false;
      else if (m.ids === null) { whole = true; if (m.op === "I") unnamed = true; }
      else {
        const here = new Set(rows().map(named));
        m.ids.map(String).forEach((id) => {
          if (here.has(id)) changed.add(id);
          else if (m.op === "I") fresh.add(id);
          else if (m.op === "D") fresh.delete(id);
        });
      }
      chip();
      return whole || changed.size > 0;
    }

    function chip() {
      let button = document.querySelector("[data-live-chip]");
      if (!fresh.size && !unnamed) { if (button) button.hidden = true; return; }
      if (!button) {
        button = make("button", { type: "button", class: "cf-chip cf-chip-new", "data-live-chip": "" });
        const bar = document.querySelector(".cf-list .cf-bar");
        if (bar) bar.append(button); else table.before(button);
      }
      if (!button.dataset.bound) { button.dataset.bound = "yes"; button.addEventListener("click", () => location.reload()); }
      button.replaceChildren(icon("refresh"), unnamed ? "New rows" : fresh.size + " new");
      button.hidden = false;
    }

    function follow() {
      table.setAttribute("aria-busy", String(list.loading));
      if (list.loading) {
        taken = whole ? null : new Set(changed);
        changed.clear();
        whole = false;
        return;
      }
      if (list.error) {
        if (taken) taken.forEach((id) => changed.add(id)); else whole = true;
        toast("This list could not be brought up to date. " + list.error.message, "warn", { label: "Try again", run: list.refetch });
      } else apply(list.data, taken);
      document.dispatchEvent(new CustomEvent("cogniflow:rows", { detail: { topic } }));
    }

    function apply(page, ids) {
      const source = page.querySelector('table[data-live-topic="' + topic + '"]');
      if (!source) return;
      const next = new Map([...source.querySelectorAll("tbody > tr[data-id]")].map((row) => [row.dataset.id, row]));
      rows().forEach((row) => {
        if (ids && !ids.has(named(row))) return;
        if (busy(row)) { changed.add(named(row)); return; }          // taken up when the edit has ended
        const other = next.get(row.dataset.id);
        if (!other) { row.classList.add("cf-gone"); setTimeout(() => { row.remove(); countTicked(); }, 600); } else replace(row, other);
      });
      page.querySelectorAll("[data-live-count]").forEach((count) => {
        const mine = document.querySelector('[data-live-count="' + count.dataset.liveCount + '"]');
        if (mine && mine.textContent !== count.textContent) { mine.textContent = count.textContent; flash(mine); }
      });
      countTicked();
    }

    function replace(row, other) {
      const before = [...row.cells].map((cell) => cell.textContent.trim());
      const focus = row.contains(document.activeElement) ? focusables(row).indexOf(document.activeElement) : -1;
      const box = row.querySelector(".action-checkbox"), ticked = box && box.checked;
      const fresher = document.importNode(other, true);
      fresher.classList.toggle("cf-at", row.classList.contains("cf-at"));
      row.replaceWith(fresher);
      describeEditables(fresher);
      const nextBox = fresher.querySelector(".action-checkbox");
      if (nextBox) nextBox.checked = Boolean(ticked);
      if (focus >= 0 && focusables(fresher)[focus]) focusables(fresher)[focus].focus({ preventScroll: true });
      [...fresher.cells].forEach((cell, at) => { if (cell.textContent.trim() !== before[at]) flash(cell); });
    }

    document.addEventListener("cogniflow:edited", () => { if (changed.size) list.refetch(); });
  }

  function focusables(row) { return [...row.querySelectorAll("a[href], button, input, [tabindex='0']")]; }
})();
