/* An open public page follows the rows it is made of. A visitor has no socket: the page asks, with the tag of what it shows,
   every few seconds while it is looked at and whenever it comes back into sight; mostly the answer is "304, nothing new". */
(function () {
  "use strict";
  const EVERY = 4000;                      // ms
  let seen = "", timer = null;

  async function look() {
    clearTimeout(timer);
    if (document.hidden) return;           // asked again when it is in sight
    const answer = await fetch(location.href, { headers: { "If-None-Match": seen } }).catch(() => null);
    if (answer && answer.ok) {
      seen = answer.headers.get("ETag") || "";
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } else if (answer && answer.status === 404) location.reload();
    timer = setTimeout(look, EVERY * (0.75 + Math.random() / 2));     // not every open page at the same moment
  }

  function show(fresh) {
    document.querySelectorAll("[data-part]").forEach((part) => {
      const now = fresh.querySelector('[data-part="' + part.dataset.part + '"]');
      if (now && now.innerHTML !== part.innerHTML) part.innerHTML = now.innerHTML;
    });
    document.title = fresh.title;
  }

  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, EVERY);
})();
