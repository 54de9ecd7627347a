// Moves through the rows of a list with j and k, once the focus stands in it. Everything works without.
"use strict";

document.querySelectorAll("table[data-rows]").forEach((table) => {
  const links = [...table.querySelectorAll("tbody th a")];
  table.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !["j", "k"].includes(event.key)) {
      return;
    }
    const here = links.indexOf(document.activeElement);
    const next = links[here + (event.key === "j" ? 1 : -1)];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
});

// A form is sent once: a second click while the first is under way does nothing.
document.querySelectorAll("form[method=post]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
    }
    form.dataset.sent = "yes";
  });
});

// A page that comes back out of the browser's memory can be sent again.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});
