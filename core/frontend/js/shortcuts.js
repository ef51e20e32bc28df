// Keys: data-hotkey="c", "g t" (two strokes) or "mod+enter" on a link or button. None while typing, none over a dialog.
import { behaviour, isTyping, make, on } from "./dom.js";

const STROKE_MS = 1_200;
let first = "";
let timer;

function targets() {
  return [...document.querySelectorAll("[data-hotkey]")].filter((element) => !element.disabled);
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    const button = form?.querySelector('[data-hotkey="mod+enter"]');
    if (button) {
      event.preventDefault();
      button.click();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") return showOverlay(event);
  if (event.key === "/") return focusSearch(event);
  stroke(event);
});

function stroke(event) {
  if (event.key.length !== 1) return;
  const keys = first ? `${first} ${event.key}` : event.key;
  clearTimeout(timer);
  const all = targets();
  const hit = all.find((element) => element.dataset.hotkey === keys);
  first = "";
  if (hit) {
    event.preventDefault();
    if (isTyping(hit)) hit.focus();
    else hit.click();
  } else if (all.some((element) => element.dataset.hotkey.startsWith(`${event.key} `))) {
    first = event.key;
    timer = setTimeout(() => (first = ""), STROKE_MS);
  }
}

function focusSearch(event) {
  const box = document.querySelector("[data-list-search]") ?? document.querySelector(".topbar-search input");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
}

function showOverlay(event) {
  const dialog = document.getElementById("shortcuts");
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
}

on("click", "[data-shortcuts]", showOverlay);

behaviour("[data-shortcut-list]", (list) => {
  for (const element of targets()) {
    const keys = element.dataset.hotkey;
    if (keys.startsWith("mod+")) continue;
    const label = element.querySelector("span")?.textContent || element.getAttribute("aria-label");
    list.append(make("div", {}, make("dt", {}, label), make("dd", {}, ...keys.split(" ").map((key) => make("kbd", {}, key.toUpperCase())))));
  }
});
