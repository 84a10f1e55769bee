/* What floats above the page: layers (dialogs), popovers (menus, pickers), toasts.
 *
 * A layer makes everything under it inert and gives the focus back; a popover closes on Escape before its layer does.
 */
import { h, icon, iconButton } from "./dom.js";
import { textNode } from "./mrkdwn.js";

const FOCUSABLE = "a[href], button:not([disabled]), input:not([disabled]), select:not([disabled]), textarea:not([disabled]), [tabindex='0']";
const layers = [];
let openPopover = null;
let nextId = 0;

/** A fresh element id. */
export function uid(prefix) {
  nextId += 1;
  return `${prefix}-${nextId}`;
}

const root = (id) => document.getElementById(id);
const visible = (el) => el.offsetParent !== null || el.getClientRects().length > 0;

/** The elements that take focus, in order. */
export function focusables(el) {
  return [...el.querySelectorAll(FOCUSABLE)].filter(visible);
}

function refreshInert() {
  root("app").inert = layers.length > 0;
  layers.forEach((layer, i) => { layer.node.inert = i < layers.length - 1; });
}

function trapTab(event, node) {
  if (event.key !== "Tab") return;
  const items = focusables(node);
  if (!items.length) return event.preventDefault();
  const edge = event.shiftKey ? items[0] : items.at(-1);
  if (document.activeElement !== edge && node.contains(document.activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? items.at(-1) : items[0]).focus();
}

/** Put a dialog above everything. `onEscape` is called on Esc and on a click beside it. Answers a function that takes it away. */
export function openLayer(dialog, onEscape) {
  const before = document.activeElement;
  const node = h("div", { class: "layer" }, dialog);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !openPopover) { event.stopPropagation(); onEscape(); }
    trapTab(event, dialog);
  });
  const layer = { node };
  layers.push(layer);
  root("layers").append(node);
  refreshInert();
  return () => {
    if (!layers.includes(layer)) return;
    closePopover();
    layers.splice(layers.indexOf(layer), 1);
    node.remove();
    refreshInert();
    if (before?.isConnected && before !== document.body) before.focus({ preventScroll: true });
  };
}

function place(anchor, box, align) {
  const a = anchor.getBoundingClientRect();
  const gap = 4;
  box.style.maxHeight = "";
  const below = innerHeight - a.bottom;
  const up = below < Math.min(box.offsetHeight + gap + 8, 360) && a.top > below;
  const left = align === "end" ? a.right - box.offsetWidth : a.left;
  box.style.maxHeight = `${Math.max(120, (up ? a.top : below) - 12)}px`;
  box.style.left = `${Math.max(8, Math.min(left, innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = up ? `${Math.max(8, a.top - box.offsetHeight - gap)}px` : `${a.bottom + gap}px`;
}

/** Close the open popover, if any. */
export function closePopover() {
  openPopover?.close();
}

/** Put the open popover at its anchor again, after what lies under it has moved. */
export function placePopover() {
  openPopover?.place();
}

/** A floating box at an anchor. One at a time; a second click on the same anchor closes it. Answers `{close, place}` or null. */
export function popover(anchor, content, { align = "start", onClose, refocus = true } = {}) {
  const again = openPopover?.anchor === anchor;
  closePopover();
  if (again) return null;
  const box = h("div", { class: "popover" }, content);
  const reposition = () => (anchor.isConnected ? place(anchor, box, align) : handle.close());
  const outside = (event) => { if (!box.contains(event.target) && !anchor.contains(event.target)) handle.close(); };
  const escape = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    event.preventDefault();
    handle.close();
  };
  const handle = {
    anchor,
    place: reposition,
    close() {
      if (openPopover !== handle) return;
      openPopover = null;
      box.remove();
      anchor.setAttribute("aria-expanded", "false");
      document.removeEventListener("pointerdown", outside, true);
      document.removeEventListener("keydown", escape, true);
      removeEventListener("resize", reposition);
      removeEventListener("scroll", reposition, true);
      if (refocus && anchor.isConnected) anchor.focus({ preventScroll: true });
      onClose?.();
    },
  };
  openPopover = handle;
  root("popovers").append(box);
  anchor.setAttribute("aria-expanded", "true");
  place(anchor, box, align);
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", escape, true);
  addEventListener("resize", reposition);
  addEventListener("scroll", reposition, true);
  return handle;
}

/** Arrow keys, Home and End move the focus over `selector` inside `list`. */
function arrowKeys(list, selector) {
  list.addEventListener("keydown", (event) => {
    const items = [...list.querySelectorAll(selector)];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined || !items.length) return;
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  });
}

/** A menu of `{label, description, danger, run}` at an anchor. */
export function menu(anchor, label, items, align = "end") {
  const list = h("div", { class: "menu", role: "menu", "aria-label": label }, items.map((item) =>
    h("button", { type: "button", role: "menuitem", class: item.danger ? "menu-item danger" : "menu-item",
      onclick: () => { closePopover(); item.run(); } },
      h("span", {}, item.label), item.description && h("small", {}, item.description))));
  arrowKeys(list, "[role=menuitem]");
  if (popover(anchor, list, { align })) list.querySelector("[role=menuitem]")?.focus();
}

/** Ask before an act, with a Block Kit confirmation object. Resolves to true or false. */
export function confirmDialog(spec) {
  return new Promise((resolve) => {
    let close = () => {};
    const end = (answer) => { close(); resolve(answer); };
    const title = uid("confirm");
    const style = spec.style === "danger" ? "btn danger-fill" : "btn primary-fill";
    const yes = h("button", { type: "button", class: style, onclick: () => end(true) },
      textNode(spec.confirm || { type: "plain_text", text: "Yes" }));
    const no = h("button", { type: "button", class: "btn", onclick: () => end(false) },
      textNode(spec.deny || { type: "plain_text", text: "Cancel" }));
    const dialog = h("div", { class: "dialog small", role: "alertdialog", "aria-modal": "true", "aria-labelledby": title },
      h("header", { class: "dialog-head" }, h("h2", { id: title }, textNode(spec.title || { type: "plain_text", text: "Are you sure?" })),
        iconButton("close", "Close", () => end(false))),
      h("div", { class: "dialog-body" }, textNode(spec.text)),
      h("footer", { class: "dialog-foot" }, no, yes));
    close = openLayer(dialog, () => end(false));
    yes.focus();
  });
}

const TOAST_MS = { error: 9000, warning: 8000, info: 5000 };

/** A short notice at the bottom. `level` is error, warning or info. What is already shown is not shown twice. */
export function toast(text, level = "info") {
  if ([...root("toasts").children].some((t) => t.querySelector("span").textContent === String(text))) return;
  const el = h("div", { class: `toast ${level}`, role: level === "info" ? "status" : "alert", dataset: { testid: "toast" } },
    icon(level === "info" ? "info" : "bolt"), h("span", {}, String(text)), iconButton("close", "Dismiss", () => el.remove()));
  root("toasts").append(el);
  while (root("toasts").children.length > 4) root("toasts").firstChild.remove();
  setTimeout(() => el.remove(), TOAST_MS[level] || 5000);
}
