/* What a person changes in place, shown at once, settled by the feed, taken back with a reason when it is refused.

   <span data-role="x-editable" data-url="…/ajax/update/" name="list_price" data-pk="7" data-value="9.5">   inline edit;
   what was typed and refused stays in the field
   <form data-write method="post" action="…" [data-becomes="Confirmed" data-tone="info"] [data-goes]>   a verb, delete or
   restore of the record of its row, or of the page: its status becomes, or its row goes, before the server has answered
   <form data-comment data-entity="orders" data-record="7" data-who="Ada">, <form data-attach>   what is typed joins the
   comments above it, the file that is chosen the files
   The first two name their record by data-record-url, on the row or on the page. Document event "cogniflow:edited" when a row may
   be redrawn again. */
(function () {
  "use strict";
  const { live, one, all, make, toast, flash } = window.cogniflow;
  const EDITABLE = "[data-role=x-editable]";

  /* ---- inline edit ---- */
  function describe(element) {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "0");
    element.setAttribute("aria-label", "Edit " + element.closest("td").dataset.label + ": " + (element.textContent.trim() || "empty"));
  }
  function editor(element) {
    const data = element.dataset, attributes = { class: "cf-edit", "aria-label": element.getAttribute("aria-label") };
    if (data.source) {
      const select = make("select", attributes);
      JSON.parse(data.source).forEach((o) => select.append(new Option(o.text || "–", o.value, false, String(o.value) === data.value)));
      return select;
    }
    const input = make("input", Object.assign(attributes, { type: data.type === "date" ? "date" : "text", inputmode: data.type === "number" ? "decimal" : null }));
    input.value = data.value;
    return input;
  }
  function startEdit(element, refused) {
    if (element.hidden) return;
    const input = editor(element), before = input.value, elsewhere = ![document.body, element].includes(document.activeElement);
    let ended = false;
    element.hidden = true;
    element.after(input);
    if (refused !== undefined) {
      input.value = refused;
      input.setAttribute("aria-invalid", "true");
    }
    if (refused === undefined || !elsewhere) {
      input.focus();
      if (input.select) input.select();
    }
    const end = (save, refocus) => {
      if (ended) return;
      ended = true;
      const shown = input.tagName === "SELECT" ? input.selectedOptions[0].text : input.value;
      input.remove();
      element.hidden = false;
      if (refocus) element.focus();
      if (save && input.value !== before) saveEdit(element, input.value, shown);
      else document.dispatchEvent(new CustomEvent("cogniflow:edited"));
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); end(true, true); }
      if (event.key === "Escape") { event.stopPropagation(); end(false, true); }
    });
    input.addEventListener("blur", () => end(true, false));
    if (input.tagName === "SELECT") input.addEventListener("change", () => end(true, true));
  }
  async function saveEdit(element, value, shown) {
    const row = element.closest("tr"), body = new FormData();
    body.append("list_form_pk", element.dataset.pk);
    body.append(element.getAttribute("name"), value);
    body.append("version", row.dataset.version);
    const draw = (text, held, pending) => {
      element.textContent = text;
      element.dataset.value = held;
      element.classList.toggle("cf-pending", pending);
      describe(element);
    };
    const show = () => {
      const text = element.textContent, held = element.dataset.value;
      draw(shown, value, true);
      return () => draw(text, held, false);
    };
    try {
      const answer = await live.mutate("POST", element.dataset.url, body, { show, record: row.dataset.recordUrl });
      row.dataset.version = answer.version;
      answer.settled.then(() => {
        element.classList.remove("cf-pending");
        flash(element.closest("td"));
        document.dispatchEvent(new CustomEvent("cogniflow:edited"));
      });
    } catch (error) {
      if (error.version) row.dataset.version = error.version;      // seen now: saving again keeps what was typed
      startEdit(element, value);
    }
  }
  document.addEventListener("click", (event) => {
    const element = event.target.closest(EDITABLE);
    if (element) { event.preventDefault(); startEdit(element); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.matches(EDITABLE) && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); startEdit(event.target); }
  });

  /* ---- verbs, delete, restore ---- */
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("form[data-write]")) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const place = form.closest("tr") || one("[data-frame=record]"), back = new URL(form.elements.url.value, location.href);
    try {
      const answer = await live.mutate("POST", form.getAttribute("action"), new FormData(form), {
        show: () => showDone(form, place), record: place.dataset.recordUrl });
      if (back.pathname !== location.pathname) { window.cogniflow.toastThere(answer.data.said, "ok", back); return; }
      toast(answer.data.said, "ok");
      answer.settled.then(() => {
        place.classList.remove("cf-pending");
        document.dispatchEvent(new CustomEvent("cogniflow:edited"));
      });
    } catch (error) {
      document.dispatchEvent(new CustomEvent("cogniflow:edited"));   // said already; the row is drawn as it is now
    } finally { delete form.dataset.sending; }
  });
  /* ---- comments and files ---- */
  document.addEventListener("submit", async (event) => {
    const form = event.target, said = form.elements.body, file = form.elements.file;
    if (event.defaultPrevented || !form.matches("form[data-comment], form[data-attach]")) return;
    event.preventDefault();
    if (form.dataset.sending || (said && !said.value.trim())) return;
    const list = one("[data-frame=" + (said ? "comments" : "files") + "]"), data = form.dataset, text = said ? said.value : file.files[0].name;
    const item = make("li", { class: "cf-pending" }, said && make("p", {}, make("b", {}, data.who)), make("p", { class: "cf-said" }, text));
    const body = said ? { entity: data.entity, record_id: Number(data.record), body: text } : new FormData(form);
    const show = () => {
      list.append(item);
      if (said) said.value = "";
      return () => { item.remove(); if (said) said.value = text; };
    };
    data.sending = "yes";
    await live.mutate("POST", "/api/" + (said ? "comments" : "attachments"), body, { show })
      .then(() => form.reset(), () => {})                             // a refusal is said already, and what was given is there
      .finally(() => { delete data.sending; });
  });

  function showDone(form, place) {
    const menu = form.closest("details[open]"), status = one(".cf-status", place), before = status && status.cloneNode(true);
    if (menu) menu.open = false;
    place.classList.add("goes" in form.dataset ? "cf-gone" : "cf-pending");
    if (status && form.dataset.becomes) {
      status.textContent = form.dataset.becomes;
      status.dataset.tone = form.dataset.tone;
    }
    return () => {
      place.classList.remove("cf-gone", "cf-pending");
      if (status) status.replaceWith(before);
    };
  }

  Object.assign(window.cogniflow, { describeEditables: (within) => all(EDITABLE, within).forEach(describe) });
  all(EDITABLE).forEach(describe);
})();
