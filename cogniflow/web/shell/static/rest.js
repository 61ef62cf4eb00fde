/* Reads and writes that the feed keeps true.

   const orders = live.resource("/api/orders?status=confirmed");   // read again whenever its topic tells of a change
   orders.watch((each) => draw(each.data, each.loading, each.error));   // orders.refetch(), orders.close()
   const answer = await live.mutate("PATCH", "/api/products/7", { list_price: "9.50" },
                                    { version: 3, show: () => { draw("9.50"); return () => draw("9.00"); } });
   await answer.settled;                                             // this page has been shown the write by the feed

   resource(path, options): `topics` (else the path's own), `wait` (ms in which changes are gathered, 250), `wants(message)`
   (whether a message calls for reading again), `accept: "text/html"` (data is a document, not JSON), `shown: true` (the page
   shows it already: nothing is read before the first change). A read that failed is tried again when the feed is back.
   mutate(method, path, body, options): `show()` draws the change at once and returns what takes it back; a refusal takes it
   back, says why in a toast and throws an Error with `status`, `errors` and, where the record has changed, its `version`.
   `record` is the address of the record, so that a conflict can name who changed it. The body is an object or FormData. */
(function () {
  "use strict";
  const { live, toast, crossSite } = window.cogniflow;
  const JSON_TYPE = "application/json";

  async function request(method, path, { accept = JSON_TYPE, body, version } = {}) {
    const headers = { Accept: accept };
    if (method !== "GET") headers["X-CSRFToken"] = crossSite();
    if (version) headers["If-Match"] = '"v' + version + '"';
    const form = body instanceof FormData;
    if (body && !form) headers["Content-Type"] = JSON_TYPE;
    const asked = { method, headers, credentials: "same-origin", body: body && !form ? JSON.stringify(body) : body };
    const answer = await fetch(path, asked).catch(() => { throw new Error("The server cannot be reached."); });
    const data = await content(answer);
    if (!answer.ok || answer.redirected) throw problem(answer, data);
    return { data, xid: answer.headers.get("X-CogniFlow-Xid"), version: (/v(\d+)/.exec(answer.headers.get("ETag")) || [])[1] };
  }

  async function content(answer) {
    const text = await answer.text(), type = answer.headers.get("Content-Type") || "";
    if (/^text\/html/.test(type)) return new DOMParser().parseFromString(text, "text/html");
    return text && /json/.test(type) ? JSON.parse(text) : null;
  }

  function problem(answer, data) {
    const { detail, title, errors = [] } = data instanceof Document || !data ? {} : data;
    const message = answer.redirected ? "You have been signed out." : detail || title || "The server answered " + answer.status + ".";
    const now = errors.find((each) => each.field === "version");
    return Object.assign(new Error(message), { status: answer.status, errors, version: now && now.theirs });
  }

  /* The topic a path of REST answers for: /api/products?… is products, /api/products/7 is products/7. */
  function topicOf(path) {
    const [, name, id] = new URL(path, location.href).pathname.split("/").filter(Boolean);
    return [name.replace(/-/g, "_"), id].filter(Boolean).join("/");
  }

  function resource(path, { topics = [topicOf(path)], wait = 250, wants = () => true, accept, shown } = {}) {
    const watchers = new Set();
    let running = null, again = false, due = null;
    const self = { data: null, loading: false, error: null, refetch, close, watch: (fn) => { watchers.add(fn); return self; } };
    const tell = () => watchers.forEach((fn) => fn(self));
    const soon = () => { if (due === null) due = setTimeout(refetch, wait); };
    const recover = () => { if (self.error && live.state === "live") soon(); };
    const stops = topics.map((topic) => live.subscribe(topic, (m) => { if (m.type !== "snap" && wants(m)) soon(); }));

    function refetch() {
      clearTimeout(due);
      due = null;
      if (running) { again = true; return running; }
      self.loading = true;
      tell();
      running = request("GET", path, { accept })
        .then((answer) => Object.assign(self, { data: answer.data, error: null }), (error) => { self.error = error; })
        .then(() => {
          running = null;
          self.loading = false;
          tell();
          if (again) { again = false; return refetch(); }
          return self;
        });
      return running;
    }
    function close() {
      stops.forEach((stop) => stop());
      clearTimeout(due);
      watchers.clear();
      document.removeEventListener("cogniflow:state", recover);
    }
    document.addEventListener("cogniflow:state", recover);
    if (!shown) refetch();
    return self;
  }

  async function mutate(method, path, body, { version, show, record } = {}) {
    const undo = show && show();
    try {
      const answer = await request(method, path, { body, version });
      return Object.assign(answer, { settled: live.covered(answer.xid) });
    } catch (error) {
      if (undo) undo();
      toast(error.status ? await told(error, record) : "Not saved. " + error.message, "bad");
      throw error;
    }
  }

  /* What is wrong in words; where the record has moved on, who moved it and what stands there now. */
  async function told(error, record) {
    if (!record || ![409, 412].includes(error.status)) return error.message;
    const changed = await request("GET", record + "?fields=updated_by").catch(() => null);
    const who = changed && await nameOf(changed.data.updated_by), moved = error.errors.filter((each) => "theirs" in each && each.field !== "version");
    if (!who) return error.message;
    if (!moved.length) return error.message + " " + who + " changed it last.";
    const said = moved.map((each) => words(each.field) + " is " + (each.theirs ?? "empty") + ", yours is " + (each.mine ?? "empty"));
    return who + " has changed this record: " + said.join("; ") + ". Save again to keep yours.";
  }
  function words(field) {
    const said = field.replace(/_id$/, "").replaceAll("_", " ");
    return said[0].toUpperCase() + said.slice(1);
  }

  async function nameOf(user) {            // who a record's `updated_by` is
    if (!user) return "A program";
    return request("GET", "/api/users/" + user + "?fields=name").then((answer) => answer.data.name, () => "Someone else");
  }

  Object.assign(live, { resource, mutate, nameOf });
})();
