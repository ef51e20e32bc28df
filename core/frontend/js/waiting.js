// Who waits sees that something comes: a grey shape where nothing is yet, dimmed where something is.
const WAIT_MS = 150;
const waiting = new WeakMap();

/** A copy of the shape of `kind` (“lines”, “label”) that every page carries. */
export function shape(kind) {
  return document.getElementById(`waiting-${kind}`).content.firstElementChild.cloneNode(true);
}

function begin(target) {
  target.setAttribute("aria-busy", "true");
  if (!target.textContent.trim()) target.append(shape("lines"));
}

function end(target) {
  target.removeAttribute("aria-busy");
  target.querySelector(":scope > .skeleton")?.remove();
}

function settle({ detail: { ctx } }) {
  if (!waiting.has(ctx)) return;
  clearTimeout(waiting.get(ctx));
  waiting.delete(ctx);
  end(ctx.target);
}

document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const target = ctx.target;
  if (!(target instanceof Element) || ctx.swap === "none" || target.closest("[data-steady]")) return;
  waiting.set(ctx, setTimeout(begin, WAIT_MS, target));
});
document.addEventListener("htmx:before:swap", settle); // what asked may be gone after it
document.addEventListener("htmx:finally:request", settle);
