// htmx: no code from attributes, the session's token on every request, swaps that are heard as well as seen.
import htmx from "htmx.org";
import { announce, csrf, refresh } from "./dom.js";
import { toast } from "./toasts.js";

function refuse() {
  throw new Error("Code in attributes is not run here");
}

htmx.registerExtension("patron-no-eval", {
  init: (api) => api.initSecurity(undefined, refuse, refuse),
});

document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
  if (ctx.request.method.toUpperCase() !== "GET") {
    const { header, token } = csrf();
    ctx.request.headers[header] = token;
  }
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  refresh(document);
  const target = ctx.target instanceof Element ? ctx.target : document.body;
  target.querySelector("[data-focus],[autofocus],[aria-invalid=true]")?.focus();
  announce(target.closest("[data-announce]")?.dataset.announce ?? document.getElementById("announcer")?.dataset.loaded);
});

document.addEventListener("htmx:error", () => {
  toast({ text: document.getElementById("toasts").dataset.offline, kind: "danger" });
});

document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status >= 500) toast({ text: document.getElementById("toasts").dataset.failed, kind: "danger" });
});
