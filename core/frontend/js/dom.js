// What the other modules share: behaviours that also reach swapped-in content, announcements, small helpers.

const behaviours = [];

/** Run `setup(element)` once for each element that matches, now and after every swap. */
export function behaviour(selector, setup) {
  const done = new WeakSet();
  const apply = (root) => {
    const found = [...root.querySelectorAll(selector)];
    if (root instanceof Element && root.matches(selector)) found.unshift(root);
    for (const element of found) {
      if (!done.has(element)) {
        done.add(element);
        setup(element);
      }
    }
  };
  behaviours.push(apply);
  apply(document);
}

export function refresh(root = document) {
  for (const apply of behaviours) apply(root);
}

/** Listen on the document for events of elements that match; `handle(event, element)`. */
export function on(type, selector, handle, options) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target instanceof Element ? event.target.closest(selector) : null;
      if (element) handle(event, element);
    },
    options,
  );
}

export function announce(text) {
  const region = document.getElementById("announcer");
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

export function csrf() {
  const meta = document.querySelector('meta[name="csrf-token"]');
  return { header: meta.dataset.header, field: meta.dataset.field, token: meta.content };
}

export function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`;
}

/** An element with attributes and children; text is always text, never markup. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Post a real form: for commands that are not links. */
export function submitPost(url, fields = {}) {
  const { field, token } = csrf();
  const form = make("form", { method: "post", action: url, hidden: true });
  for (const [name, value] of Object.entries({ [field]: token, ...fields })) {
    form.append(make("input", { type: "hidden", name, value }));
  }
  document.body.append(form);
  form.submit();
}

let sprite;
export function icon(name) {
  sprite ??= document.querySelector("svg.icon use")?.getAttribute("href").split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox],[type=radio],[type=button],[type=submit]),textarea,select"));
}
