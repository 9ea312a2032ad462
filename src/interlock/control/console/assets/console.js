// What the pages do in a browser beyond forms and links. Without it everything still works.
"use strict";

const root = document.documentElement;
const THEME = "interlock-theme";

function systemTheme() {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function showTheme() {
  root.dataset.bsTheme = localStorage.getItem(THEME) ?? systemTheme();
}

showTheme();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-switch]")) {
    localStorage.setItem(THEME, root.dataset.bsTheme === "dark" ? "light" : "dark");
    showTheme();
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  const isCalled = (event.key === "/" && !isTyping) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (isCalled) {
    event.preventDefault();
    document.getElementById("quick-search")?.focus();
  }
});

function closeResults() {
  document.getElementById("quick-results")?.replaceChildren();
}

// Results of the quick search: the arrow keys go through them, Enter follows one as any link, Escape closes them.
document.addEventListener("keydown", (event) => {
  const quick = event.target.closest("[data-quick]");
  if (quick === null) {
    return;
  }
  const field = quick.querySelector("input");
  const stops = [field, ...quick.querySelectorAll("a")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") {
    closeResults();
    field.focus();
  } else if (step !== undefined && stops.length > 1) {
    event.preventDefault();
    stops[(stops.indexOf(event.target) + step + stops.length) % stops.length].focus();
  }
});

document.addEventListener("focusin", (event) => {
  if (event.target.closest("[data-quick]") === null) {
    closeResults();
  }
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-quick]") === null) {
    closeResults();
  }
});

// What comes after the field was left, or emptied, is shown no more.
document.addEventListener("htmx:beforeSwap", (event) => {
  const quick = event.target.closest("[data-quick]");
  if (quick !== null && (!quick.contains(document.activeElement) || quick.querySelector("input").value.trim() === "")) {
    event.detail.shouldSwap = false;
    closeResults();
  }
});

document.addEventListener("input", (event) => {
  const shown = event.target.matches("input[type=range]") && document.getElementById(event.target.id + "-value");
  if (shown) {
    shown.textContent = event.target.value + " %";
  }
});

// A link is drawn without the host, which only the browser knows for sure.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const link = document.getElementById(button.dataset.copy);
    link.value = new URL(link.value, location.origin).href;
    button.addEventListener("click", async () => {
      link.select(); // where a page may not write to the clipboard, Ctrl-C does
      const isCopied = await navigator.clipboard?.writeText(link.value).then(() => true, () => false);
      button.textContent = isCopied ? "Copied" : "Press Ctrl-C";
    });
  }
});
