// Dragging cards. The card's menu does the same without a mouse, and without scripts.
import { announce, behaviour, csrf, refresh } from "./dom.js";
import { toast } from "./toasts.js";

behaviour("[data-board]", async (board) => {
  const { default: Sortable } = await import("sortablejs/modular/sortable.core.esm.js");
  for (const list of board.querySelectorAll("[data-column]:not([data-locked])")) {
    new Sortable(list, {
      group: board.id,
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 140,
      draggable: "[data-card]",
      filter: "button,form,[popover]",
      preventOnFilter: false,
      delay: 150,
      delayOnTouchOnly: true,
      ghostClass: "card-ghost",
      dragClass: "card-drag",
      onEnd: (move) => send(board, move),
    });
  }
  board.dataset.ready = "";
});

async function send(board, { item, from, to, oldIndex, newIndex }) {
  if (from === to && oldIndex === newIndex) return;
  const { header, token, field } = csrf();
  const fields = { [field]: token, id: item.dataset.card, to: to.dataset.column, version: item.dataset.version, after: item.previousElementSibling?.dataset.card ?? "" };
  item.setAttribute("aria-busy", "true");
  let reason = "";
  try {
    const answer = await fetch(board.dataset.board, { method: "POST", headers: { [header]: token, "HX-Request": "true", accept: "text/html" }, body: new URLSearchParams(fields) });
    if (!answer.ok) {
      reason = answer.status < 500 ? `${(await answer.text()).trim()} ` : "";
      throw new Error(String(answer.status));
    }
    await settle(board, answer);
    const card = item.querySelector(".card-title")?.textContent ?? "";
    announce(board.dataset.moved.replace("{card}", card).replace("{column}", to.dataset.label));
  } catch {
    from.insertBefore(item, from.children[oldIndex] ?? null);
    toast({ text: reason + board.dataset.failed, kind: "danger" });
  } finally {
    item.removeAttribute("aria-busy");
  }
}

/** An answer with a board in it replaces this one; a trigger header shows its toast, as with any htmx answer. */
async function settle(board, answer) {
  const trigger = answer.headers.get("HX-Trigger");
  if (trigger?.startsWith("{")) {
    const detail = JSON.parse(trigger)["patron:toast"];
    if (detail) toast(detail);
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(board.id);
  if (fresh) {
    board.replaceWith(fresh);
    refresh(fresh);
  }
}
