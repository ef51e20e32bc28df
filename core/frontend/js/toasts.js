// Messages that come and go. A server answer triggers one with HX-Trigger: {"patron:toast": {text, kind, undo_url}}.
import { behaviour, csrf, on } from "./dom.js";

const STAY_MS = 10_000;
const ICONS = { info: "info", success: "circle-check", warning: "triangle-alert", danger: "circle-alert" };

export function toast({ text, kind = "info", undo_url: undo = null }) {
  const copy = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  copy.className = `toast toast-${kind}`;
  copy.querySelector("[data-toast-text]").textContent = text;
  const use = copy.querySelector("use");
  use.setAttribute("href", `${use.getAttribute("href").split("#")[0]}#${ICONS[kind] ?? "info"}`);
  const form = copy.querySelector("[data-toast-undo]");
  if (undo) {
    form.action = undo;
    form.elements[csrf().field].value = csrf().token;
  } else form.remove();
  document.getElementById("toasts").append(copy);
}

behaviour("#toasts [data-toast]", wait);

/** Danger stays until dismissed; the others wait while they are looked at or hold the focus. */
function wait(element) {
  if (element.classList.contains("toast-danger")) return;
  let timer = setTimeout(() => element.remove(), STAY_MS);
  const hold = () => clearTimeout(timer);
  const go = () => (timer = setTimeout(() => element.remove(), STAY_MS / 2));
  element.addEventListener("pointerenter", hold);
  element.addEventListener("focusin", hold);
  element.addEventListener("pointerleave", go);
  element.addEventListener("focusout", go);
}

new MutationObserver((changes) => {
  for (const { addedNodes } of changes) addedNodes.forEach((node) => node instanceof Element && node.matches("[data-toast]") && wait(node));
}).observe(document.getElementById("toasts"), { childList: true });

on("click", "[data-toast-close]", (event, button) => button.closest("[data-toast]").remove());
document.addEventListener("patron:toast", (event) => toast(event.detail));
