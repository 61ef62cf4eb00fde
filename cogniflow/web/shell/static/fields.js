/* Fields that a form alone cannot have: references found by searching, pictures, lines added to a document.

   <input type="hidden" data-lookup-url="…" data-lookup-text="Ada">   becomes a combobox over Flask-Admin's ./ajax/lookup/
   <textarea data-picture accept="image/…">  becomes a choice of a file, whose content it keeps as a data: address
   <fieldset data-lines="items">           rows added from its <template>, removed by [data-line-remove] */
(function () {
  "use strict";
  const { one, all, make, icon } = window.cogniflow;
  let serial = 0;

  /* ---- reference search: WAI-ARIA combobox with a list, over a hidden input that keeps the id ---- */
  const LOOKUP = "input[data-lookup-url]", NONE = { id: "", text: "" };
  function lookup(hidden) {
    if (hidden.dataset.ready) return;
    hidden.dataset.ready = "yes";
    const id = hidden.id || "cf-lookup-" + ++serial;
    const input = make("input", { class: "form-control", type: "text", id, role: "combobox", autocomplete: "off", spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": id + "-options", placeholder: hidden.dataset.placeholder || "Search", "aria-describedby": hidden.getAttribute("aria-describedby"), "aria-invalid": hidden.getAttribute("aria-invalid"), "aria-label": hidden.getAttribute("aria-label") });
    const options = make("ul", { class: "cf-options", id: id + "-options", role: "listbox", "aria-label": "Suggestions" });
    const clear = make("button", { type: "button", class: "cf-iconbtn cf-combo-clear", "aria-label": "Clear" }, icon("x"));
    const opener = make("button", { type: "button", class: "cf-iconbtn cf-combo-open", tabindex: "-1", "aria-label": "Show choices" }, icon("chevron-down"));
    const said = make("span", { class: "cf-sr", role: "status" });
    const box = make("div", { class: "cf-combo" }, input, clear, opener, options, said);
    let chosen = hidden.value ? { id: hidden.value, text: hidden.dataset.lookupText || hidden.value } : NONE, found = [], active = -1, timer = null, asked = 0, blurred = null;
    if (hidden.required) { input.required = true; hidden.required = false; }
    hidden.type = "hidden";
    hidden.id = id + "-value";
    hidden.after(box);
    options.hidden = true;
    show();

    function show() {
      hidden.value = chosen.id;
      clear.hidden = !chosen.id;
      input.value = chosen.text;
    }
    function set(next) { chosen = next; show(); hidden.dispatchEvent(new Event("change", { bubbles: true })); }
    function close() {
      asked += 1;
      clearTimeout(timer);
      options.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function choose(index) {
      if (!found[index]) return;
      set(found[index]);
      close();
    }
    function mark(index) {
      active = index;
      [...options.children].forEach((li, at) => li.classList.toggle("cf-active", at === index));
      const li = options.children[index];
      if (!li) { input.removeAttribute("aria-activedescendant"); return; }
      input.setAttribute("aria-activedescendant", li.id);
      li.scrollIntoView({ block: "nearest" });
    }
    function draw(error) {
      const note = error || (found.length ? "" : "Nothing found");
      options.replaceChildren(...(note ? [make("li", { "data-note": "", role: "option", "aria-disabled": "true", "aria-selected": "false" }, note)]
        : found.map((o, at) => make("li", { id: id + "-option-" + at, role: "option", "aria-selected": String(o.id === chosen.id) }, o.text))));
      options.hidden = false;
      input.setAttribute("aria-expanded", "true");
      said.textContent = note || found.length + (found.length === 1 ? " suggestion" : " suggestions");
      mark(-1);
    }
    async function ask(text, first) {
      const mine = ++asked;
      try {
        const answer = await search(hidden, text);
        if (mine !== asked) return;
        found = answer;
        draw();
        if (first !== undefined) mark(first < 0 ? found.length - 1 : first);
      } catch (error) {
        if (mine === asked) { found = []; draw("The search did not answer. Try again."); }
      }
    }
    const typed = () => (input.value !== chosen.text ? input.value.trim() : "");
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => ask(input.value.trim(), 0), 180);
    });
    input.addEventListener("keydown", (event) => {
      const open = !options.hidden, last = found.length - 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const down = event.key === "ArrowDown";
        if (!open) ask(typed(), event.altKey ? undefined : down ? 0 : -1);
        else if (event.altKey && !down) close();
        else mark(down ? (active >= last ? 0 : active + 1) : active <= 0 ? last : active - 1);
      } else if (event.key === "Enter" && open) { event.preventDefault(); choose(active); }
      else if (event.key === "Escape") {
        if (open) { event.stopPropagation(); close(); if (chosen.id) input.value = chosen.text; }
        else if (input.value) { event.stopPropagation(); set(NONE); }
      } else if (event.key === "Tab" && open && active >= 0) choose(active);
    });
    input.addEventListener("blur", () => { blurred = setTimeout(() => { close(); if (input.value.trim()) input.value = chosen.text; else if (chosen.id) set(NONE); }, 120); });
    input.addEventListener("focus", () => clearTimeout(blurred));
    input.addEventListener("click", () => { if (options.hidden) ask(typed()); });
    options.addEventListener("pointerdown", (event) => event.preventDefault());
    options.addEventListener("click", (event) => { const li = event.target.closest("[role=option]"); if (li) choose([...options.children].indexOf(li)); input.focus(); });
    opener.addEventListener("pointerdown", (event) => event.preventDefault());
    opener.addEventListener("click", () => { if (options.hidden) { input.focus(); ask(typed()); } else close(); });
    clear.addEventListener("click", () => { set(NONE); input.focus(); });
    hidden.cogniflowSet = (value, text) => { chosen = value === null || value === "" ? NONE : { id: String(value), text: text || String(value) }; show(); };
  }
  async function search(hidden, text) {
    const url = new URL(hidden.dataset.lookupUrl, location.href);
    url.searchParams.set("query", text);
    url.searchParams.set("limit", "12");
    const answer = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return (await answer.json()).map(([id, name]) => ({ id: String(id), text: name }));
  }

  /* ---- a picture from a file ---- */
  function picture(text) {
    const file = make("input", { class: "form-control", type: "file", id: text.id, accept: text.getAttribute("accept"), "aria-describedby": text.getAttribute("aria-describedby"), "aria-invalid": text.getAttribute("aria-invalid") });
    const clear = make("button", { type: "button", class: "cf-iconbtn", "aria-label": "Remove the picture" }, icon("x")), image = make("img", { class: "cf-picture", alt: "" });
    text.id += "-value";
    text.hidden = true;
    text.after(make("div", { class: "cf-actions" }, image, file, clear));
    const set = (value) => {
      text.value = value || "";
      image.hidden = clear.hidden = !value;
      if (value) image.src = value;
    };
    const change = (value) => { set(value); text.dispatchEvent(new Event("change", { bubbles: true })); };
    file.addEventListener("change", () => {
      const reader = new FileReader();
      reader.addEventListener("load", () => change(reader.result));
      if (file.files.length) reader.readAsDataURL(file.files[0]);
    });
    clear.addEventListener("click", () => { file.value = ""; change(""); file.focus(); });
    text.cogniflowSet = set;
    set(text.value);
  }

  /* ---- document lines: names and ids as Flask-Admin's inline lists expect them, <list>-<n>-<field> ---- */
  document.addEventListener("click", (event) => {
    const add = event.target.closest("[data-line-add]"), remove = event.target.closest("[data-line-remove]");
    if (add) addLine(add.closest("[data-lines]"));
    if (remove) removeLine(remove);
  });
  function addLine(list) {
    const body = one("[data-lines-body]", list), line = one(":scope > template", list).content.firstElementChild.cloneNode(true);
    const numbers = all(".cf-line", body).map((element) => parseInt((element.id.match(/-(\d+)$/) || [0, -1])[1], 10));
    const prefix = list.dataset.lines + "-" + (Math.max(-1, ...numbers) + 1);
    line.id = prefix;
    all("[name]", line).forEach((field) => {
      const old = field.id;
      const name = field.getAttribute("name").replace(/^-/, "");
      field.setAttribute("name", name ? prefix + "-" + name : prefix);
      field.id = prefix + "-" + (old || name).replace(/^-/, "");
      const label = all("label", line).find((element) => element.htmlFor === old && element.parentElement.contains(field));
      if (label) label.htmlFor = field.id;
    });
    body.append(line);
    all(LOOKUP, line).forEach(lookup);
    const first = one("input:not([type=hidden]), select, textarea", line);
    if (first) first.focus();
    list.dispatchEvent(new CustomEvent("cogniflow:lines", { bubbles: true }));
  }
  function removeLine(button) {
    const line = button.closest(".cf-line"), list = line.closest("[data-lines]"), mark = one('input[name^="del-"]', line);
    if (mark) {                            // a stored line is only marked: it goes when the form is saved
      mark.checked = !mark.checked;
      line.toggleAttribute("data-removed", mark.checked);
      button.setAttribute("aria-pressed", String(mark.checked));
    } else { line.remove(); one("[data-line-add]", list).focus(); }
    list.dispatchEvent(new CustomEvent("cogniflow:lines", { bubbles: true }));
  }

  all(LOOKUP).forEach(lookup);
  all("textarea[data-picture]").forEach(picture);
})();
