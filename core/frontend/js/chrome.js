// The frame of the page: theme, folded navigation, dialogs, pop-overs where the browser cannot place them itself.
import { behaviour, on, remember } from "./dom.js";

const root = document.documentElement;

on("click", "[data-theme-set]", (event, button) => {
  event.preventDefault();
  root.dataset.theme = button.dataset.themeSet;
  remember("theme", button.dataset.themeSet);
  for (const each of document.querySelectorAll("[data-theme-set]")) {
    each.setAttribute("aria-pressed", String(each.dataset.themeSet === button.dataset.themeSet));
  }
});

behaviour(".sidebar-body", (list) => {
  const here = list.querySelector("[aria-current]");
  if (here && here.offsetTop + here.offsetHeight > list.clientHeight) list.scrollTop = here.offsetTop - list.clientHeight / 2;
});

behaviour("[data-nav-toggle]", (button) => button.setAttribute("aria-pressed", String(root.dataset.nav === "collapsed")));
on("click", "[data-nav-toggle]", (event, button) => {
  const folded = root.dataset.nav !== "collapsed";
  root.dataset.nav = folded ? "collapsed" : "open";
  button.setAttribute("aria-pressed", String(folded));
  remember("nav", root.dataset.nav);
});

on("click", "[data-nav-group] > summary", () => setTimeout(() => {
  const open = [...document.querySelectorAll("[data-nav-group][open]")].map((group) => encodeURIComponent(group.dataset.navGroup));
  remember("nav-open", open.join("/"));
}));

on("click", "[data-dialog]", (event, link) => {
  const dialog = document.getElementById(link.dataset.dialog);
  if (!dialog || event.metaKey || event.ctrlKey) return;
  event.preventDefault();
  dialog.showModal();
});

on("click", "dialog", (event, dialog) => {
  if (event.target === dialog) dialog.close();
});

on("submit", "[data-confirm]", (event, form) => {
  if (!window.confirm(form.dataset.confirm)) event.preventDefault();
});

on("keydown", "[popover]", (event, list) => {
  if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const items = [...list.querySelectorAll("a,button:not(:disabled)")];
  const at = items.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  items.at(at % items.length)?.focus();
});

document.addEventListener(
  "toggle",
  (event) => {
    const list = event.target;
    if (!(list instanceof HTMLElement) || !list.matches(".menu-list[popover]") || event.newState !== "open") return;
    if (!CSS.supports("position-area: block-end")) place(list);
    if (list.matches(":not(.confirm)")) list.querySelector("a,button:not(:disabled)")?.focus({ focusVisible: false });
  },
  true,
);

function place(list) {
  const box = document.querySelector(`[popovertarget="${CSS.escape(list.id)}"]`).getBoundingClientRect();
  const left = Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8));
  const below = box.bottom + 4 + list.offsetHeight < innerHeight;
  Object.assign(list.style, { position: "fixed", margin: "0", inset: "auto", left: `${left}px`, top: `${below ? box.bottom + 4 : Math.max(8, box.top - list.offsetHeight - 4)}px` });
}

behaviour("[data-focus]", (element) => element.focus());
