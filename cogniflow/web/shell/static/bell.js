/* The bell: how many notifications this person has not read, and the newest of them, live on every page.

   <details data-bell="<user id>" data-zone="Europe/Berlin"> with [data-bell-count], [data-bell-said], [data-bell-list] and
   [data-bell-all]. Opening it says that they have been seen; going to the record, the tick and "Mark all read" that they are
   read, which is shown at once and settled by the feed. */
(function () {
  "use strict";
  const { live, one, all, make, icon } = window.cogniflow;
  const bell = one("[data-bell]"), part = (name) => one("[data-bell-" + name + "]", bell);
  const API = "/api/notifications", TONES = { info: "info", success: "ok", warning: "warn", critical: "bad" };
  const zone = { timeZone: bell.dataset.zone, dateStyle: "medium", timeStyle: "short" };
  const unread = live.resource(API + "/unread?limit=20&expand=type", {
    topics: ["user/" + bell.dataset.bell], wait: 50, wants: (m) => m.type === "reset" || m.event.startsWith("notification") }).watch(draw);

  function draw({ data, error }) {
    if (!data && !error) return;
    const count = part("count"), n = data ? data.unread : 0, at = document.activeElement.closest("[data-bell] li");
    count.hidden = !n;
    count.textContent = n > 99 ? "99+" : n;
    count.toggleAttribute("data-new", n > 0 && data.data.some((each) => !each.seen_at));
    part("said").textContent = "Notifications: " + (n ? n + " unread" : "none unread");
    part("all").hidden = !n;
    const place = at && [...at.parentNode.children].indexOf(at);
    part("list").replaceChildren(...(n ? data.data.map(item) : [make("li", { class: "cf-muted" }, error ? error.message : "Nothing new.")]));
    if (at && !document.activeElement.closest("[data-bell]")) (all("li button", bell)[place] || one("summary", bell)).focus();
  }

  function item(told) {
    const body = make("span", {}, make("b", {}, told.title), told.body && make("small", {}, told.body),
      make("time", { datetime: told.created_at }, new Date(told.created_at).toLocaleString("en-GB", zone)));
    const href = told.entity && "/admin/" + told.entity.replaceAll("_", "-") + "/details/?id=" + told.record_id;
    const link = make(href ? "a" : "div", { href }, icon(told.type ? told.type.icon : "bell"), body);
    const read = make("button", { type: "button", "aria-label": "Mark read: " + told.title, title: "Mark read" }, icon("circle-check"));
    read.addEventListener("click", (event) => { event.stopPropagation(); markRead(told); });
    link.addEventListener("click", (event) => {
      if (!href || event.ctrlKey || event.metaKey || event.shiftKey) return void (href && markRead(told));
      event.preventDefault();
      markRead(told).finally(() => location.assign(href));
    });
    return make("li", { "data-id": told.id, "data-tone": TONES[told.severity] }, link, read);
  }

  function settle(path, left) {            // shown as if it were done, taken back when it is refused
    const before = unread.data;
    return live.mutate("POST", API + path, null, { show: () => {
      draw(Object.assign(unread, { data: left(before) }));
      return () => draw(Object.assign(unread, { data: before }));
    } }).catch(() => {});                  // said already
  }
  function markRead(told) {
    return settle("/" + told.id + "/read", (before) => (
      { data: before.data.filter((each) => each.id !== told.id), unread: before.unread - 1 }));
  }
  part("all").addEventListener("click", (event) => {
    event.stopPropagation();
    settle("/read-all", () => ({ data: [], unread: 0 }));
  });
  bell.addEventListener("toggle", () => {
    const seen = new Date().toISOString(), isNew = (each) => !each.seen_at;
    if (!bell.open || !unread.data || !unread.data.data.some(isNew)) return;
    settle("/see-all", (before) => ({ ...before, data: before.data.map((each) => ({ ...each, seen_at: each.seen_at || seen })) }));
  });
})();
