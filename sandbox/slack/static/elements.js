/* Block Kit elements that act: buttons, overflow menus, radio buttons, checkboxes, dates, text inputs.
 *
 * Each takes (element, block, ctx, field) and answers a node. `ctx` (see blocks.js) keeps the values and sends the actions;
 * `field` is what an input block knows: {id, labelId, describedBy, required}.
 */
import { h, iconButton, plain, safeUrl } from "./dom.js";
import { menu, uid } from "./overlay.js";
import { textNode } from "./mrkdwn.js";

/** The action id, also when the app gave none. */
export function actionId(element) {
  return element.action_id || `${element.type}-action`;
}

/** Show that an element waits for the app. Answers a function that ends it. */
export function busy(el) {
  el.classList.add("busy");
  el.setAttribute("aria-busy", "true");
  return () => {
    el.classList.remove("busy");
    el.removeAttribute("aria-busy");
  };
}

async function press(node, element, block, ctx, part) {
  if (node.classList.contains("busy")) return;
  await ctx.act(block, element, part, node);
}

function follow(url) {
  const safe = url && safeUrl(url);
  if (safe) window.open(safe, "_blank", "noopener");
}

/** A button; a `url` is followed and still reported to the app. */
export function button(element, block, ctx) {
  const style = { primary: "btn primary", danger: "btn danger" }[element.style] || "btn";
  const label = element.accessibility_label || null;
  const node = h("button", { type: "button", class: style, "aria-label": label, title: element.url || null,
    dataset: { action: actionId(element) },
    onclick: async () => {
      if (element.url && !element.confirm) follow(element.url);
      const sent = await press(node, element, block, ctx, element.value === undefined ? {} : { value: element.value });
      if (element.url && element.confirm && sent) follow(element.url);
    } },
  h("span", { class: "btn-label" }, textNode(element.text)));
  return node;
}

/** Icon button and feedback buttons of context_actions. */
export function iconAction(element, block, ctx) {
  return button({ ...element, accessibility_label: element.accessibility_label || plain(element.text) }, block, ctx);
}

export function feedbackButtons(element, block, ctx) {
  const one = (spec) => button({ ...spec, type: element.type, action_id: element.action_id }, block, ctx);
  return h("span", { class: "feedback" }, one(element.positive_button), one(element.negative_button));
}

/** The "…" menu. */
export function overflow(element, block, ctx) {
  const node = iconButton("dots", "More actions", () => menu(node, "More actions", (element.options || []).map((option) => ({
    label: textNode(option.text), description: option.description && textNode(option.description),
    run: () => { follow(option.url); press(node, element, block, ctx, { selected_option: option }); },
  }))), { class: "icon-button outlined", "aria-haspopup": "menu", dataset: { action: actionId(element) } });
  return node;
}

function choice(type, name, option, checked, onchange) {
  const id = uid("choice");
  const input = h("input", { type, id, name, checked, value: option.value ?? "", onchange });
  return h("div", { class: "choice" }, input, h("label", { for: id }, h("span", {}, textNode(option.text)),
    option.description && h("small", {}, textNode(option.description))));
}

/** Radio buttons: one option. */
export function radioButtons(element, block, ctx, field) {
  const state = ctx.form.init(block.block_id, actionId(element), { type: element.type, selected_option: element.initial_option || null });
  const name = uid("radio");
  const node = h("div", { class: "choices", role: "radiogroup", "aria-labelledby": field?.labelId,
    "aria-describedby": field?.describedBy, tabindex: -1 },
    element.options.map((option) => choice("radio", name, option, option.value === state.selected_option?.value,
      () => ctx.change(block, element, { selected_option: option }, node))));
  return node;
}

/** Checkboxes: any number of options. */
export function checkboxes(element, block, ctx, field) {
  const state = ctx.form.init(block.block_id, actionId(element), { type: element.type, selected_options: element.initial_options || [] });
  const chosen = new Set(state.selected_options.map((o) => o.value));
  const node = h("div", { class: "choices", role: "group", "aria-labelledby": field?.labelId,
    "aria-describedby": field?.describedBy, tabindex: -1 },
    element.options.map((option) => choice("checkbox", null, option, chosen.has(option.value), (event) => {
      if (event.target.checked) chosen.add(option.value);
      else chosen.delete(option.value);
      ctx.change(block, element, { selected_options: element.options.filter((o) => chosen.has(o.value)) }, node);
    })));
  return node;
}

const pad = (n) => String(n).padStart(2, "0");
const localInput = (seconds) => {
  if (!seconds) return "";
  const d = new Date(seconds * 1000);
  return `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}T${pad(d.getHours())}:${pad(d.getMinutes())}`;
};
// Kind of input, field in the state, its initial value, and how text becomes the value.
const PICKERS = {
  datepicker: ["date", "selected_date", "initial_date", (t) => t || null, (v) => v || ""],
  timepicker: ["time", "selected_time", "initial_time", (t) => t || null, (v) => v || ""],
  datetimepicker: ["datetime-local", "selected_date_time", "initial_date_time",
    (t) => (t ? Math.floor(new Date(t).getTime() / 1000) : null), localInput],
};

/** Date, time and date-time pickers, with the browser's own controls. */
export function picker(element, block, ctx, field) {
  const [type, key, initial, read, show] = PICKERS[element.type];
  const state = ctx.form.init(block.block_id, actionId(element), { type: element.type, [key]: element[initial] ?? null });
  const node = h("input", { type, class: "input picker", value: show(state[key]), id: field?.id, "aria-describedby": field?.describedBy,
    "aria-label": field ? null : plain(element.placeholder) || "Choose a date", dataset: { action: actionId(element) },
    onchange: () => ctx.change(block, element, { [key]: read(node.value) }, node) });
  return node;
}

const TEXT_TYPES = { email_text_input: "email", url_text_input: "url", number_input: "text", plain_text_input: "text",
  rich_text_input: "text" };

function richValue(text) {
  return { type: "rich_text", elements: [{ type: "rich_text_section", elements: text ? [{ type: "text", text }] : [] }] };
}

function richPlain(value) {
  return (value?.elements || []).flatMap((e) => e.elements || []).map((e) => e.text || "").join("");
}

function dispatchText(node, element, block, ctx) {
  const when = element.dispatch_action_config?.trigger_actions_on || ["on_enter_pressed"];
  let timer = 0;
  if (when.includes("on_character_entered")) {
    node.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => ctx.act(block, element, { value: node.value || null }, node), 300);
    });
  }
  if (!when.includes("on_enter_pressed")) return;
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    ctx.act(block, element, { value: node.value || null }, node);
  });
}

function counter(node, max) {
  const el = h("span", { class: "counter", "aria-hidden": "true" });
  const show = () => {
    const left = max - node.value.length;
    el.textContent = String(left);
    el.hidden = left > Math.max(20, max * 0.2);
  };
  node.addEventListener("input", show);
  show();
  return el;
}

/** Text, number, e-mail, URL and (as plain text) rich text inputs. */
export function textInput(element, block, ctx, field) {
  const rich = element.type === "rich_text_input";
  const multiline = element.multiline || rich;
  const first = rich ? { type: element.type, rich_text_value: element.initial_value || null }
    : { type: element.type, value: element.initial_value ?? null };
  const state = ctx.form.init(block.block_id, actionId(element), first);
  const node = h(multiline ? "textarea" : "input", { class: multiline ? "input area" : "input", id: field?.id, rows: multiline ? 4 : null,
    type: multiline ? null : TEXT_TYPES[element.type], inputmode: element.type === "number_input" ? "decimal" : null, autocomplete: "off",
    placeholder: plain(element.placeholder), "aria-describedby": field?.describedBy, "aria-required": field?.required ? "true" : null,
    "aria-label": field ? null : plain(element.placeholder) || "Text", maxlength: element.max_length || 3000,
      dataset: { action: actionId(element) } });
  node.value = rich ? richPlain(state.rich_text_value) : state.value ?? "";
  node.addEventListener("input", () => ctx.keep(block, element, rich
    ? { rich_text_value: node.value ? richValue(node.value) : null } : { value: node.value || null }));
  if (block.dispatch_action) dispatchText(node, element, block, ctx);
  return element.max_length ? h("div", { class: "counted" }, node, counter(node, element.max_length)) : node;
}

/** Files cannot be sent from here: say so instead of pretending. */
export function fileInput() {
  return h("div", { class: "unsupported" }, "unsupported element file_input");
}

