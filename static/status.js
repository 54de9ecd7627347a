// Keeps the page of a request up to date while somebody looks at it. Everything is there without, after a reload.
"use strict";

const EVERY = 5000;
const QUIET_MOST = 60000;

// Puts what changed into its place, unless somebody is at work in it; says whether anything did.
const renew = (fresh) => {
  let changed = false;
  document.querySelectorAll("[data-live]").forEach((old) => {
    const now = fresh.querySelector(`[data-live="${old.dataset.live}"]`);
    if (!now || old.innerHTML === now.innerHTML || old.contains(document.activeElement)) {
      return;
    }
    const open = [...old.querySelectorAll("details")].map((details) => details.open);
    old.replaceChildren(...now.childNodes);
    old.querySelectorAll("details").forEach((details, n) => {
      details.open = open[n] ?? details.open;
    });
    changed = true;
  });
  return changed;
};

// The longer nothing happens, the more seldom it asks.
const watch = async (pause) => {
  let next = Math.min(pause * 1.2, QUIET_MOST);
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.status === 404) {
        return;
      }
      if (answer.ok && renew(new DOMParser().parseFromString(await answer.text(), "text/html"))) {
        next = EVERY;
      }
    } catch {
      next = QUIET_MOST;
    }
  }
  setTimeout(watch, next, next);
};

setTimeout(watch, EVERY, EVERY);
