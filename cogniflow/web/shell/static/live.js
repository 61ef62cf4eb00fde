/* The browser's end of the change feed: one socket per tab, nothing lost, nothing drawn twice.

   const live = cogniflow.live;
   const stop = live.subscribe("products", (m) => { ... });   // m.type: "event" | "snap" | "reset"
   await live.covered("4711");                                // everything of that transaction has been shown to this page

   Messages a listener gets:
     {type:"event", topic, event, op, n, ids|null, cols|null, xids|null}   something changed; ids null = "the table changed"
     {type:"snap", topic, rev, data}                                  a computed panel
     {type:"reset", topic, why}                                       refetch everything you show

   The token ("the feed up to here has been handled") moves only after every listener has seen the whole frame. A socket
   that comes back resumes from it, so a listener sees each change once. A topic subscribed late starts where the socket
   stands: what is read after subscribe() misses nothing. A hidden tab keeps listening but calls nobody; when it is looked
   at again it gets what it missed, merged into one frame. Reads and writes are in rest.js.
   `live.state`, `live.token`, `live.applied` and the document events `cogniflow:applied` and `cogniflow:state` are
   public: wait for them, never for a time. */
(function () {
  "use strict";
  const root = (window.cogniflow = window.cogniflow || {});
  if (root.live) return;

  const STALE_AFTER = 10000;             // ms without a connection before the pill says Stale

  const listeners = new Map();           // topic -> Set of functions
  const snaps = new Map();               // topic -> last snap, for whoever subscribes later
  const awaited = new Set();             // {xid, done}: transactions that somebody waits to see
  let socket = null, state = "connecting", token = pageToken(), received = token, expected = null;
  let attempts = 0, failures = 0, timer = null, watchdog = null, heartbeat = 25, bye = null;
  let lastFrame = Date.now(), lostAt = Date.now(), applied = 0, waiting = [], begun = false;

  function pageToken() {
    const meta = document.querySelector('meta[name="cogniflow-token"]');
    return (meta && meta.content) || null;
  }

  /* ---- socket ---- */
  function connect() {
    clearTimeout(timer);
    if (socket || state === "signed-out") return;
    const address = new URL(root.socketUrl || "/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = (socket = new WebSocket(address));
    let opened = false;
    expected = null;
    mine.onopen = () => {
      opened = true;
      send(fromHere({ type: "hello", v: 1, topics: [...listeners.keys()] }));
      watch();
    };
    mine.onmessage = (message) => { if (mine === socket) take(JSON.parse(message.data)); };
    mine.onclose = (closed) => { if (mine === socket) lost(closed.code, opened); };
  }

  function send(message) {
    if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  function fromHere(message) { return received ? { ...message, token: received } : message; }

  function lost(code, opened) {
    socket = null;
    clearTimeout(watchdog);
    if (code === 4001) return signedOut();
    if (state === "live") lostAt = Date.now();
    if (state !== "stale") setState("reconnecting");
    failures = opened ? 0 : failures + 1;
    if (failures === 3) stillSignedIn();
    const cap = Math.min(30000, 1000 * 2 ** attempts++);
    const delay = bye !== null ? Math.random() * Math.max(500, bye) : 500 + Math.random() * Math.max(0, cap - 500);
    bye = null;
    timer = setTimeout(connect, delay);
  }

  function reconnect() {                  // drop this socket and come back at once with our own token
    const old = socket;
    socket = null;
    clearTimeout(watchdog);
    if (old) { old.onclose = null; old.close(4000, "resume"); }
    if (state === "live") { lostAt = Date.now(); setState("reconnecting"); }
    connect();
  }

  function watch() {                      // a dead line says nothing: two missed heartbeats end it
    clearTimeout(watchdog);
    watchdog = setTimeout(reconnect, heartbeat * 2000 + 5000);
  }

  function stillSignedIn() {              // a refused upgrade looks like any failure: ask over HTTP
    fetch(location.href, { method: "HEAD", redirect: "manual", credentials: "same-origin" })
      .then((answer) => { if (answer.type === "opaqueredirect" || answer.status === 401) signedOut(); }, () => {});
  }

  function signedOut() {
    clearTimeout(timer);
    setState("signed-out");
    toast("You have been signed out.", "warn", { label: "Sign in", run: () => location.reload() });
  }

  /* ---- frames ---- */
  function take(m) {
    if (!m.away) lastFrame = Date.now();
    watch();
    switch (m.type) {
      case "ready":
        if (m.hb) heartbeat = m.hb > 1000 ? m.hb / 1000 : m.hb;
        attempts = failures = 0;
        expected = m.k;
        setState("live");
        return queue({ k: m.k, messages: [], kind: "ready" });
      case "chg":
        if (expected !== null && m.prev !== undefined && m.prev !== expected) return reconnect();
        expected = m.k;
        setState("live");
        return queue({ k: m.k, kind: "chg", messages: m.ev.map((ev) => Object.assign({ type: "event" }, ev)) });
      case "hb":
        expected = m.k;
        setState(m.away ? "stale" : "live");   // the socket is open, but its server has lost the database
        return queue({ k: m.k, messages: [], kind: "hb" });
      case "snap":
        snaps.set(m.topic, m);
        return queue({ messages: [m], kind: "snap" });
      case "reset": {
        expected = null;                  // what follows starts afresh
        const topics = m.topics && m.topics.length ? m.topics : [...listeners.keys()];
        return queue({ k: m.k, kind: "reset", why: m.why, messages: topics.map((topic) => ({ type: "reset", topic, why: m.why })) });
      }
      case "bye":
        bye = m.retry_ms || 0;
        return undefined;
      case "err":
        console.warn("live:", m.code, m.message || "", m.topic || "");
        return undefined;
      default:
        return undefined;                 // subbed, unsubbed, pong, and what later versions add
    }
  }

  function queue(frame) {
    if (frame.k) received = frame.k;
    if (document.hidden) { waiting = merge(waiting, frame); return; }
    waiting.splice(0).forEach(handle);
    handle(frame);
  }

  function handle(frame) {
    frame.messages.forEach(deliver);
    if (frame.k) token = frame.k;         // only now: the whole frame has been handled
    settle(frame.kind === "reset");
    applied += 1;
    if (frame.kind === "reset" && frame.why !== "auth") toast("This page fell too far behind and was refreshed.", "info");
    announce("cogniflow:applied", { kind: frame.kind, k: token, applied, topics: frame.messages.map((m) => m.topic) });
  }

  function deliver(message) {
    const found = listeners.get(message.topic);
    if (!found) return;
    for (const fn of [...found]) {
      try { fn(message); } catch (error) { console.error("live: a listener of", message.topic, "failed", error); }
    }
  }

  /* What a hidden tab missed, as one frame: the last snap of a panel, the ids of a table together. */
  function merge(frames, frame) {
    const whole = frames[0] || { messages: [], kind: "chg" };
    if (frame.k) whole.k = frame.k;
    if (frame.kind === "reset") Object.assign(whole, { kind: "reset", why: frame.why });
    for (const m of frame.messages) {
      const same = whole.messages.find((o) => o.type === m.type && o.topic === m.topic && o.event === m.event && o.op === m.op);
      if (!same) whole.messages.push(Object.assign({}, m));
      else if (m.type === "event") {
        same.n = (same.n || 0) + (m.n || 0);
        same.ids = union(same.ids, m.ids, 1000);
        same.cols = union(same.cols, m.cols, 1000);
        same.xids = union(same.xids, m.xids, 1000);
      } else Object.assign(same, m);
    }
    return [whole];
  }

  function union(a, b, most) {
    if (!a || !b) return null;
    const all = [...new Set([...a, ...b])];
    return all.length > most ? null : all;
  }

  /* ---- subscriptions ---- */
  function subscribe(topic, fn) {
    let found = listeners.get(topic);
    if (!found) {
      listeners.set(topic, (found = new Set()));
      send(fromHere({ type: "sub", topic }));
    }
    found.add(fn);
    if (snaps.has(topic)) queueMicrotask(() => { if (found.has(fn)) fn(snaps.get(topic)); });
    if (begun) connect();
    return () => {
      found.delete(fn);
      if (found.size || listeners.get(topic) !== found) return;
      listeners.delete(topic);
      snaps.delete(topic);
      send({ type: "unsub", topic });
    };
  }

  /* ---- what has been shown ---- */
  function covered(xid) {                 // at once where nothing was written
    if (!xid) return Promise.resolve();
    return new Promise((done) => { awaited.add({ xid, done }); settle(false); });
  }

  function settle(all) {                  // a reset refetches everything, so it shows every write too
    for (const write of awaited) if (all || covers(token, write.xid)) { awaited.delete(write); write.done(); }
  }

  function covers(position, xid) {        // as the server's Token: below the end and not among those still open then
    const [, , , end, open] = (position || "....").split(".");
    return BigInt(xid) < BigInt(end) && !open.split("_").includes(xid);
  }

  /* ---- what the person sees ---- */
  function setState(next) {
    if (state === next) return paint();
    state = next;
    paint();
    announce("cogniflow:state", { state });
    return undefined;
  }

  function age(ms) {
    const s = Math.round(ms / 1000);
    return s < 60 ? Math.max(10, Math.floor(s / 10) * 10) + " s" : s < 3600 ? Math.floor(s / 60) + " min" : Math.floor(s / 3600) + " h";
  }

  function paint() {
    const texts = { connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", stale: "Stale · " + age(Date.now() - lastFrame), "signed-out": "Signed out" };
    document.querySelectorAll("[data-live-pill]").forEach((pill) => {
      pill.dataset.state = state;
      const text = pill.querySelector("span") || pill;
      if (text.textContent !== texts[state]) text.textContent = texts[state];
    });
  }

  function toast(text, tone, action) { if (root.toast) root.toast(text, tone, action); else console.info(text); }
  function announce(name, detail) { document.dispatchEvent(new CustomEvent(name, { detail })); }

  setInterval(() => {
    if ((state === "reconnecting" || state === "connecting") && Date.now() - lostAt > STALE_AFTER) setState("stale");
    else if (state === "stale") paint();
  }, 1000);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    waiting.splice(0).forEach(handle);
    if (!socket) connect();
  });
  window.addEventListener("online", () => { if (!socket) connect(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) reconnect(); });

  root.live = {
    subscribe, covered,
    get state() { return state; },
    get token() { return token; },
    get applied() { return applied; },
  };
  /* After every deferred script, so that the first hello names all topics of the page and continues from its token. */
  const begin = () => {
    begun = true;
    paint();
    if (document.querySelector("[data-live-pill]") || listeners.size) connect();
  };
  if (document.readyState === "complete") begin(); else document.addEventListener("DOMContentLoaded", begin);
})();
