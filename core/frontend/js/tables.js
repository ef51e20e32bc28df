// Selecting rows (shift for a range) and leaving a cell that is being edited.
import { behaviour, on } from "./dom.js";

behaviour("table[data-select]", (table) => {
  const all = table.querySelector("[data-select-all]");
  const boxes = () => [...table.querySelectorAll('input[name="ids"]')];
  let last = null;

  const tell = () => {
    const rows = boxes();
    const chosen = rows.filter((box) => box.checked);
    all.checked = rows.length > 0 && chosen.length === rows.length;
    all.indeterminate = chosen.length > 0 && !all.checked;
    for (const box of rows) box.closest("tr").toggleAttribute("data-selected", box.checked);
    const bar = document.getElementById(rows[0]?.getAttribute("form"));
    const count = bar?.querySelector("[data-bulk-count]");
    if (!count) return;
    bar.toggleAttribute("data-open", chosen.length > 0);
    count.textContent = count.dataset.text.replace("#", String(chosen.length));
  };
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
    tell();
  });
  table.addEventListener("click", (event) => {
    const box = event.target.closest?.('input[name="ids"]');
    if (!box) return;
    const rows = boxes();
    if (event.shiftKey && last) {
      const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
      for (const each of rows.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
    tell();
  });
  tell();
});

on("keydown", "[data-cell]", (event, form) => {
  if (event.key !== "Escape") return;
  event.stopPropagation();
  form.querySelector("a[hx-get]")?.click();
});
