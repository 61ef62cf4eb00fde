/* The frame follows its rows: navigation, brand and the headings taken from them change on every open page, and so does
   the page of one record.

   <nav data-frame="side" data-frame-topics="system_modules system_sub_modules">: when one of the topics tells of a change,
   this page is fetched once and every [data-frame] is taken over from it. Text marked data-follows="entry" or "module" then
   says what the current entry of the navigation, and the heading above it, say. */
(function () {
  "use strict";
  const { live, toast } = window.cogniflow;
  const parts = [...document.querySelectorAll("[data-frame]")];
  const topics = new Set(parts.flatMap((part) => (part.dataset.frameTopics || "").split(" ").filter(Boolean)));
  const wait = 100 + Math.random() * 200;            // not every open page at the same moment
  const inUse = (part) => part.matches(".cf-pending") || part.querySelector("details[open]");
  const page = live.resource(location.href, { topics: [...topics], accept: "text/html", wait, shown: true }).watch(refresh);
  let held = false;                                  // a part that somebody is using changes when they are done
  const free = () => { if (held) page.refetch(); };
  document.addEventListener("toggle", free, true);
  document.addEventListener("cogniflow:edited", free);

  function refresh({ data, loading, error }) {
    if (error && error.status === 404) toast("This record is no longer there.", "warn");
    if (loading || error) return;                    // tried again when the feed is back
    held = parts.some(inUse);
    parts.filter((part) => !inUse(part)).forEach((part) => {
      const fresh = data.querySelector(`[data-frame="${part.dataset.frame}"]`);
      if (fresh && fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    });
    document.title = data.title;
    follow();
  }

  function follow() {
    const entry = document.querySelector("[data-frame] a[aria-current]");
    if (!entry) return;
    const said = { entry: entry.textContent.trim(), module: entry.closest("ul").previousElementSibling.textContent.trim() };
    document.querySelectorAll("[data-follows]").forEach((each) => {
      if (each.textContent !== said[each.dataset.follows]) each.textContent = said[each.dataset.follows];
    });
  }
})();
