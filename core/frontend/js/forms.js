// Nothing typed is lost: a question before leaving, a draft in this tab until the form was sent, one send per click.
import { behaviour, on } from "./dom.js";

const WAIT_MS = 400;
const skipped = ["password", "file", "hidden"];

behaviour("form[data-guard]", (form) => {
  let changed = false;
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => {
    if (changed && form.isConnected) event.preventDefault();
  });
});

behaviour("form[data-draft]", (form) => {
  const key = `draft:${form.dataset.draft}`;
  const kept = sessionStorage.getItem(key);
  const fields = () => [...form.elements].filter((field) => field.name && !skipped.includes(field.type));
  if (kept && !form.querySelector(".error-summary")) restore(fields(), JSON.parse(kept));
  let timer;
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const values = fields().map((field) => [field.name, field.value, field.checked ?? false]);
      sessionStorage.setItem(key, JSON.stringify(values));
    }, WAIT_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    sessionStorage.removeItem(key);
  });
});

function restore(fields, values) {
  values.forEach(([name, value, checked], at) => {
    const field = fields[at];
    if (!field || field.name !== name) return;
    if (field.type === "checkbox" || field.type === "radio") field.checked = checked && field.value === value;
    else field.value = value;
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
  event.submitter?.setAttribute("aria-busy", "true");
});

addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
  }
});

on("click", "[data-insert]", (event, button) => {
  const field = document.getElementById(button.dataset.into);
  if (!field) return;
  const before = field.value.slice(0, field.selectionStart);
  const gap = before && !before.endsWith("\n") ? "\n" : "";
  field.setRangeText(`${gap}${button.dataset.insert}\n`, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
});
