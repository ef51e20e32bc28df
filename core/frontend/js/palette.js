// Ctrl+K: search, go, create, act. Without scripts the top bar's form opens the search page.
import { announce, icon, make, on, submitPost } from "./dom.js";
import { shape } from "./waiting.js";

const WAIT_MS = 120;
const dialog = document.getElementById("palette");

if (dialog) start();

function start() {
  const input = dialog.querySelector("input");
  const list = dialog.querySelector(".palette-list");
  let timer;
  let pending;

  function open(text = "") {
    if (dialog.open) return;
    input.value = text;
    dialog.showModal();
    load();
  }

  async function load() {
    pending?.abort();
    pending = new AbortController();
    if (!list.querySelector("[role=option]")) list.replaceChildren(shape("label"));
    try {
      const answer = await fetch(`${dialog.dataset.url}?q=${encodeURIComponent(input.value)}`, { headers: { accept: "application/json" }, signal: pending.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      show((await answer.json()).groups);
    } catch (error) {
      if (error.name !== "AbortError") list.replaceChildren(make("p", { class: "palette-note" }, dialog.dataset.failed));
    }
  }

  function show(groups) {
    let index = 0;
    list.replaceChildren(
      ...groups.filter((group) => group.items.length).map((group, at) => {
        const heading = make("p", { class: "palette-heading", id: `palette-group-${at}` }, group.label);
        const options = group.items.map((item) => option(item, `palette-item-${index++}`));
        return make("div", { role: "group", "aria-labelledby": heading.id }, heading, ...options);
      }),
    );
    if (!index) list.append(make("p", { class: "palette-note" }, dialog.dataset.empty));
    announce(index ? "" : dialog.dataset.empty);
    choose(list.querySelector("[role=option]"));
  }

  function option(item, id) {
    const row = make("a", { role: "option", id, class: "palette-item", href: item.url, tabindex: "-1", "data-method": item.method ?? "get" });
    row.append(icon(item.icon || "arrow-right"), make("span", {}, item.label), make("small", {}, item.hint ?? ""));
    return row;
  }

  function choose(row) {
    list.querySelector("[aria-selected=true]")?.removeAttribute("aria-selected");
    if (!row) return input.removeAttribute("aria-activedescendant");
    row.setAttribute("aria-selected", "true");
    row.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", row.id);
  }

  function go(row) {
    if (row.dataset.method.toLowerCase() === "post") submitPost(row.href);
    else location.assign(row.href);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(load, WAIT_MS);
  });
  dialog.addEventListener("keydown", (event) => {
    const rows = [...list.querySelectorAll("[role=option]")];
    const at = rows.findIndex((row) => row.getAttribute("aria-selected"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(rows.at((at + (event.key === "ArrowDown" ? 1 : -1)) % rows.length));
    } else if (event.key === "Enter" && rows[at]) {
      event.preventDefault();
      go(rows[at]);
    }
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-method=post]");
    if (row) {
      event.preventDefault();
      go(row);
    }
  });
  list.addEventListener("pointermove", (event) => {
    const row = event.target.closest("[role=option]");
    if (row && !row.hasAttribute("aria-selected")) choose(row);
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });
  on("pointerdown", "[data-palette-open]", (event) => {
    event.preventDefault();
    open();
  });
}
