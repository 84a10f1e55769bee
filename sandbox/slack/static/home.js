/* The app's Home tab. */
import { h, icon } from "./dom.js";
import { call } from "./api.js";
import { blockContext, renderBlocks } from "./blocks.js";
import { toast } from "./overlay.js";
import { on, store } from "./store.js";

let shown = null; // {el, ctx, viewId} while the tab is open

function empty() {
  return h("div", { class: "empty-state" }, icon("home", 40), h("h3", {}, "Nothing published yet"),
    h("p", { class: "muted" }, "The app has not published a Home tab for you. It is asked each time you open this page."));
}

function paint() {
  if (!shown) return;
  const view = store.home;
  if (!view) return shown.el.replaceChildren(empty());
  if (shown.viewId !== view.id) {
    shown.el.replaceChildren();
    shown.viewId = view.id;
    shown.ctx = blockContext({ type: "view", view_id: view.id }, null);
  }
  return renderBlocks(shown.el, view.blocks || [], shown.ctx);
}

/** Open the tab: show what is published and tell the app that it is open. */
export async function openHome() {
  shown = { el: h("div", { class: "home blocks", dataset: { testid: "home" } }), ctx: null, viewId: null };
  document.getElementById("main-body").replaceChildren(h("div", { class: "pane" },
    h("div", { class: "scroller home-scroller", tabindex: 0, role: "region", "aria-label": "Home" }, shown.el)));
  paint();
  const answer = await call("open_home");
  if (!answer.ok) toast(answer.error || "The app did not answer.", "warning");
}

/** Forget the tab when another place is shown. */
export function leaveHome() {
  shown = null;
}

on("home", paint);
on("view_updated", (f) => { if (f.view.type === "home") paint(); });
