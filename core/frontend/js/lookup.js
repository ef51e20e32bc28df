// A select of a few likely options becomes a combobox that searches all of them (ARIA combobox with a listbox).
import { announce, behaviour, icon, make } from "./dom.js";

const WAIT_MS = 150;

behaviour("select[data-lookup]", (select) => {
  const id = select.id;
  const list = make("ul", { class: "lookup-list", role: "listbox", id: `${id}-list`, hidden: true });
  const input = make("input", {
    class: "input", type: "text", role: "combobox", id, autocomplete: "off", placeholder: select.dataset.placeholder, "aria-autocomplete": "list",
    "aria-expanded": "false", "aria-controls": list.id, "aria-describedby": select.getAttribute("aria-describedby"), "aria-invalid": select.getAttribute("aria-invalid"), "aria-required": select.required,
  });
  const clear = make("button", { type: "button", class: "lookup-clear", "aria-label": select.dataset.clear, hidden: !select.value }, icon("x"));
  select.removeAttribute("id");
  select.hidden = true;
  select.required = false;
  select.after(make("span", { class: "lookup" }, input, clear, list));
  input.value = select.selectedOptions[0]?.textContent.trim() ?? "";

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
    const url = new URL(select.dataset.lookup, location.href);
    url.searchParams.set("q", input.value === select.selectedOptions[0]?.textContent.trim() ? "" : input.value);
    try {
      const answer = await fetch(url, { headers: { accept: "application/json" }, signal: pending.signal });
      if (answer.ok) show((await answer.json()).items);
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };
  const show = (items) => {
    list.replaceChildren(...items.map((item, at) => make("li", { role: "option", id: `${id}-option-${at}`, "data-value": item.value, "aria-selected": "false" }, make("span", {}, item.label), item.hint ? make("small", {}, item.hint) : null)));
    if (!items.length) {
      list.append(make("li", { class: "lookup-empty", role: "option", "aria-disabled": "true" }, select.dataset.empty));
      announce(select.dataset.empty);
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
