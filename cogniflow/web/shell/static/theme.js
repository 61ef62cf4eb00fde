// Sets light or dark before first paint; loaded in the head, not deferred.
(function () {
  "use strict";
  var saved = null;
  try { saved = localStorage.getItem("cf-theme"); } catch (e) { /* storage is off */ }
  var dark = saved ? saved === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
