/* Modals: a stack of up to three views, validation, loading, errors under their inputs.
 *
 * The server owns the stack (frames view_opened, view_pushed, view_updated, view_closed); this file makes the screen follow it.
 */
import { h, iconButton } from "./dom.js";
import { call } from "./api.js";
import { blockContext, renderBlocks } from "./blocks.js";
import { busy } from "./elements.js";
import { checkInputs } from "./form.js";
import { focusables, openLayer, toast, uid } from "./overlay.js";
import { on, store } from "./store.js";
import { textNode } from "./mrkdwn.js";

const panes = new Map(); // view id -> ViewPane
let stack = null;        // the dialog around them
let closeLayer = null;

function flatBlocks(blocks) {
  return blocks.flatMap((b) => [b, ...(b.child_blocks || []).map((c, i) => ({ ...c, block_id: c.block_id || `${b.block_id}.${i}` }))]);
}

class ViewPane {
  constructor(view) {
    this.id = view.id;
    this.ctx = blockContext({ type: "view", view_id: view.id }, store.place?.kind === "channel" ? store.place.id : null);
    this.ctx.form.seed(view.state?.values || {});
    this.titleId = uid("title");
    this.title = h("h2", { id: this.titleId });
    this.body = h("div", { class: "dialog-body blocks" });
    this.foot = h("footer", { class: "dialog-foot" });
    this.el = h("form", { class: "dialog", role: "dialog", "aria-modal": "true", "aria-labelledby": this.titleId, novalidate: true,
      tabindex: -1,
      onsubmit: (event) => { event.preventDefault(); this.submit(); },
        onkeydown: (event) => { if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) this.submit(); } },
    h("header", { class: "dialog-head" }, this.title, iconButton("close", "Close dialog", () => leave(true))), this.body, this.foot);
    this.update(view);
  }

  update(view) {
    const inFoot = this.foot.contains(document.activeElement);
    this.view = view;
    this.ctx.errors = null;
    this.title.replaceChildren(textNode(view.title));
    this.submitButton = view.submit ? h("button", { type: "submit", class: "btn primary-fill" },
      h("span", { class: "btn-label" }, textNode(view.submit))) : null;
    this.foot.replaceChildren(h("button", { type: "button", class: "btn", onclick: () => leave(false) }, view.close ? textNode(view.close) : view.submit ? "Cancel" : "Close"),
      this.submitButton || "");
    this.paint();
    // What is shown is new: who was on a button that is gone stays in the dialog, so that Escape and Tab go on working.
    if (inFoot || document.activeElement === document.body) this.el.focus({ preventScroll: true });
  }

  paint() {
    renderBlocks(this.body, this.view.blocks || [], this.ctx);
  }

  showErrors(errors) {
    this.ctx.errors = errors;
    this.paint();
    const bad = this.body.querySelector(".invalid");
    bad?.scrollIntoView({ block: "nearest" });
    if (bad) focusables(bad)[0]?.focus();
    const unplaced = Object.entries(errors).filter(([id]) => !this.body.querySelector(`[data-block-id="${CSS.escape(id)}"] .error`));
    for (const [, text] of unplaced) toast(text, "error");
  }

  async submit() {
    const button = this.submitButton;
    if (!button || button.classList.contains("busy")) return;
    const own = checkInputs(flatBlocks(this.view.blocks || []), this.ctx.form);
    if (Object.keys(own).length) return this.showErrors(own);
    const done = busy(button);
    this.ctx.errors = null;
    this.paint();
    const answer = await call("view_submit", { view_id: this.id, state: { values: this.ctx.form.values() } });
    done();
    if (answer.errors && Object.keys(answer.errors).length) return this.showErrors(answer.errors);
    if (!answer.ok) toast(answer.error || "The app did not answer.", "error");
    return undefined;
  }

  focus() {
    const wanted = (this.view.blocks || []).find((b) => b.element?.focus_on_load || b.accessory?.focus_on_load);
    const block = wanted && this.body.querySelector(`[data-block-id="${CSS.escape(wanted.block_id)}"]`);
    const first = block ? focusables(block)[0] : this.body.querySelector("input, textarea, [role=combobox]");
    (first || this.el).focus({ preventScroll: !block });
  }
}

/** Close the top view, or all of them. */
async function leave(all) {
  const top = store.views.at(-1);
  if (!top) return;
  const clear = all && store.views.length > 1;
  const gone = new Set(clear ? store.views.map((v) => v.id) : [top.id]);
  store.views = store.views.filter((v) => !gone.has(v.id));
  sync();
  const answer = await call("view_close", { view_id: top.id, ...(clear ? { clear: true } : {}) });
  if (!answer.ok) toast(answer.error || "The app did not answer.", "warning");
}

function end() {
  closeLayer?.();
  closeLayer = stack = null;
  panes.clear();
}

/** Make the screen follow `store.views`. */
export function sync() {
  const views = store.views;
  if (!views.length) return end();
  if (!stack) {
    stack = h("div", { class: "modal-stack" });
    closeLayer = openLayer(stack, () => leave(false));
  }
  const topBefore = stack.lastElementChild;
  for (const [id, pane] of panes) {
    if (views.some((v) => v.id === id)) continue;
    pane.el.remove();
    panes.delete(id);
  }
  for (const view of views) {
    const pane = panes.get(view.id);
    if (pane && pane.view !== view) pane.update(view);
    else if (!pane) { panes.set(view.id, new ViewPane(view)); stack.append(panes.get(view.id).el); }
  }
  const top = panes.get(views.at(-1).id);
  for (const pane of panes.values()) {
    pane.el.hidden = pane !== top;
    // Only the view on top is "the" modal: the ones under it keep their values, unseen.
    if (pane === top) pane.el.dataset.testid = "modal";
    else delete pane.el.dataset.testid;
  }
  if (top.el !== topBefore) top.focus();
  return undefined;
}

for (const name of ["view_opened", "view_pushed", "view_updated", "view_closed"]) on(name, sync);
