// A text field that the server would resolve becomes a combobox that searches and sends the id (ARIA combobox with a listbox).
import { announce, behaviour, icon, make } from "./dom.js";
import { shape } from "./waiting.js";

const WAIT_MS = 150;

behaviour("input[data-lookup]", (plain) => {
  const { id, name, dataset } = plain;
  const list = make("ul", { class: "lookup-list", role: "listbox", id: `${id}-list`, hidden: true });
  const input = make("input", {
    class: "input", type: "text", role: "combobox", id, autocomplete: "off", placeholder: dataset.placeholder, "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id, "aria-describedby": plain.getAttribute("aria-describedby"), "aria-invalid": plain.getAttribute("aria-invalid"), "aria-required": plain.required,
  });
  const select = make("select", { name, hidden: true }, make("option", { value: "" }));
  if (dataset.value) select.append(make("option", { value: dataset.value, selected: true }, dataset.shown));
  const clear = make("button", { type: "button", class: "lookup-clear", "aria-label": dataset.clear, hidden: !select.value }, icon("x"));
  const field = plain.parentElement;
  for (const beside of field.querySelectorAll(`[name="${name}-lookup"]`)) beside.remove();
  document.getElementById(`${id}-likely`)?.remove();
  plain.replaceWith(select);
  select.after(make("span", { class: "lookup" }, input, clear, list));
  input.value = dataset.shown;

  let timer;
  let pending;
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (value, label) => {
    let option = [...select.options].find((each) => each.value === value);
    if (!option) select.append((option = make("option", { value }, label)));
    option.selected = true;
    input.value = value ? label : "";
    clear.hidden = !value;
    close();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const load = async () => {
    pending?.abort();
    pending = new AbortController();
    if (list.hidden) wait();
    const url = new URL(dataset.lookup, location.href);
    url.searchParams.set("q", input.value === select.selectedOptions[0]?.textContent.trim() ? "" : input.value);
    try {
      const answer = await fetch(url, { headers: { accept: "application/json" }, signal: pending.signal });
      if (answer.ok) show((await answer.json()).items);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  const wait = () => {
    list.replaceChildren(make("li", { class: "lookup-empty", role: "option", "aria-disabled": "true" }, shape("label")));
    list.hidden = false;
  };
  const show = (items) => {
    list.replaceChildren(...items.map((item, at) => make("li", { role: "option", id: `${id}-option-${at}`, "data-value": item.value, "aria-selected": "false" }, make("span", {}, item.label), item.hint ? make("small", {}, item.hint) : null)));
    if (!items.length) {
      list.append(make("li", { class: "lookup-empty", role: "option", "aria-disabled": "true" }, dataset.empty));
      announce(dataset.empty);
    }
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const active = () => list.querySelector("[aria-selected=true]");
  const move = (step) => {
    const rows = [...list.querySelectorAll("[data-value]")];
    if (!rows.length) return;
    const next = rows.at((rows.indexOf(active()) + step) % rows.length);
    active()?.setAttribute("aria-selected", "false");
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", next.id);
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, WAIT_MS);
  });
  input.addEventListener("click", () => list.hidden && load());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) load();
      else move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.hidden && active()) {
      event.preventDefault();
      choose(active().dataset.value, active().querySelector("span").textContent);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      close();
    }
  });
  input.addEventListener("blur", () => {
    setTimeout(close, 150);
    if (!input.value) choose("", "");
    else input.value = select.selectedOptions[0]?.textContent.trim() ?? "";
  });
  list.addEventListener("mousedown", (event) => {
    const row = event.target.closest("[data-value]");
    event.preventDefault();
    if (row) choose(row.dataset.value, row.querySelector("span").textContent);
  });
  clear.addEventListener("click", () => {
    choose("", "");
    input.focus();
  });
});
