/* Forms that follow the feed.

   <form data-live-topic="products" data-live-id="7" data-version="3" data-record-url="/api/products/7">: fields you did not
   touch follow the record; a field you did touch shows both values, and the form's version moves on only when nothing is
   in conflict. Lines (data-lines-seen="4:1 5:2", each line's id and version) do not follow: once they changed, the version
   stays, so that saving tells the difference. What happened is said in `[data-live-status]`, at the top of the form. */
(function () {
  "use strict";
  const { live, make, flash, icon } = window.cogniflow;
  document.querySelectorAll("form[data-live-topic][data-live-id]").forEach(followForm);

  function followForm(form) {
    const base = new Map(), conflicts = new Map();
    const topics = [form.dataset.liveTopic + "/" + form.dataset.liveId];
    const record = live.resource(form.dataset.recordUrl, { topics, wait: 200, shown: true, wants: hear }).watch(follow);
    let latest = form.dataset.version, otherLines = false;
    const fields = () => [...form.elements].filter((field) => field.name && !/^(csrf_token|version|del-)/.test(field.name) && !["submit", "button", "file", "password", "fieldset"].includes(field.type));
    fields().forEach((field) => base.set(field, read(field)));

    function hear(m) {
      if (m.type === "event" && m.op === "D") say("This record has been deleted.", "bad");
      return m.op !== "D";
    }

    async function follow() {
      if (record.loading) return;
      if (record.error) {
        say(record.error.status === 404 ? "This record is no longer there for you." : "This record changed, but its new values could not be read.", "bad");
        return;
      }
      const now = record.data, who = await live.nameOf(now.updated_by);
      if (String(now.version) === String(latest)) return;
      latest = now.version;
      otherLines = (now.items || []).map((line) => line.id + ":" + line.version).join(" ") !== (form.dataset.linesSeen || "");
      merge(now, who);
    }

    function merge(record, who) {
      const moved = [];
      fields().forEach((field) => {
        const theirs = valueIn(record, field);
        if (theirs === undefined || same(theirs, base.get(field))) return;
        const mine = read(field);
        moved.push(labelOf(field));
        if (same(mine, base.get(field)) || same(mine, theirs)) { write(field, theirs, record); flash(field.closest(".cf-field") || field); clear(field); }
        else conflict(field, theirs, record);
        base.set(field, same(mine, base.get(field)) ? read(field) : theirs);
      });
      if (otherLines) say(who + " changed the lines of this document. Reload to see them; saving first shows what differs.", "warn");
      else if (moved.length) say(who + " changed " + moved.join(", ") + (conflicts.size ? ". You changed the same: choose which value to keep." : "."), conflicts.size ? "warn" : "info");
      else say(who + " changed this record.", "info");
      settle();
      document.dispatchEvent(new CustomEvent("cogniflow:form", { detail: { version: latest, conflicts: conflicts.size } }));
    }

    function conflict(field, theirs, record) {
      clear(field);
      const keep = make("button", { type: "button", class: "btn btn-secondary" }, "Keep mine");
      const take = make("button", { type: "button", class: "btn btn-secondary" }, "Take theirs");
      const note = make("div", { class: "cf-conflict", role: "group", "aria-label": "Two values for " + labelOf(field) },
        "Saved by them: ", make("b", {}, shown(field, theirs, record)), " · yours: ", make("b", {}, shown(field, read(field), {})), make("div", {}, keep, take));
      keep.addEventListener("click", () => { clear(field); settle(); target(field).focus(); });
      take.addEventListener("click", () => { write(field, theirs, record); clear(field); settle(); target(field).focus(); });
      (field.closest(".cf-field") || field.parentElement).append(note);
      conflicts.set(field, note);
    }
    function clear(field) { if (conflicts.has(field)) conflicts.get(field).remove(); conflicts.delete(field); }
    function settle() {
      if (conflicts.size || otherLines || latest === undefined) return;
      form.dataset.version = latest;
      const hidden = form.querySelector('input[name="version"]');
      if (hidden) hidden.value = latest;
    }
    function say(text, tone) {
      let line = form.querySelector("[data-live-status]");
      if (!line) form.prepend((line = make("div", { "data-live-status": "" })));
      line.className = "cf-alert";
      line.setAttribute("role", "status");
      line.dataset.tone = tone;
      line.replaceChildren(icon(tone === "info" ? "info-circle" : "alert-triangle"), make("span", {}, text));
      line.hidden = false;
    }
  }

  function read(field) {
    if (field.type === "checkbox") return field.checked;
    return field.value;
  }
  function valueIn(record, field) {
    const value = record[field.name];
    if (value === undefined || (value !== null && typeof value === "object")) return undefined;
    if (field.type === "checkbox") return Boolean(value);
    if (value === null) return "";
    return field.type === "datetime-local" ? wallClock(String(value), field.form.dataset.zone) : String(value);
  }
  function wallClock(moment, zone) {       // as the form holds it: the company's time, without seconds where there are none
    return new Date(moment).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T").replace(/(T..:..):00$/, "$1");
  }
  function same(a, b) {
    if (a === b) return true;
    const number = /^-?\d+(\.\d+)?$/;
    if (number.test(a) && number.test(b)) return String(a).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") === String(b).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
    return String(a).replace(/\r\n/g, "\n") === String(b).replace(/\r\n/g, "\n");
  }
  function write(field, value, record) {
    if (field.type === "checkbox") field.checked = value;
    else if (field.cogniflowSet) field.cogniflowSet(value, nameIn(record, field));
    else field.value = value;
  }
  function nameIn(record, field) {
    const expanded = record[field.name.replace(/_id$/, "")];
    return expanded && typeof expanded === "object" ? expanded.name || expanded.title || expanded.number || expanded.code : undefined;
  }
  function shown(field, value, record) {
    if (field.type === "checkbox") return value ? "Yes" : "No";
    if (field.cogniflowSet) return nameIn(record, field) || (String(field.value) === String(value) && target(field).value) || String(value);
    const option = field.options && [...field.options].find((o) => o.value === String(value));
    return (option && option.text) || String(value) || "empty";
  }
  function target(field) { return field.type === "hidden" ? document.getElementById(field.id.replace(/-value$/, "")) || field : field; }
  function labelOf(field) {
    const label = document.querySelector('label[for="' + CSS.escape(target(field).id) + '"]');
    return label ? label.textContent.replace(/[*\s]+$/, "").trim() : field.name;
  }
})();
