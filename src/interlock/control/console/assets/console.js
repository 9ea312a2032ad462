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

document.addEventListener("input", (event) => {
  const shown = event.target.matches("input[type=range]") && document.getElementById(event.target.id + "-value");
  if (shown) {
    shown.textContent = event.target.value + " %";
  }
});
