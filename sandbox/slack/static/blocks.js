/* Block Kit to DOM.
 *
 * `renderBlocks(root, blocks, ctx)` changes `root` in place: a block that did not change keeps its node, so an edit never takes
 * the focus or what was typed. A block nobody knows is shown as a grey line that names it: silence would hide a mistake.
 *
 * ctx = {form, container, channel, cache: Map, errors?: {block_id: text}} and the acts added by `context`.
 */
import { h, icon, link, plain, safeUrl } from "./dom.js";
import { call } from "./api.js";
import { dataVisualization } from "./charts.js";
import * as elements from "./elements.js";
import { Form } from "./form.js";
import { markdown } from "./markdown.js";
import { textNode } from "./mrkdwn.js";
import { confirmDialog, toast, uid } from "./overlay.js";
import { richText } from "./richtext.js";
import { select } from "./selects.js";
import { dataTable, table } from "./tables.js";

const SELECTS = ["static", "external", "users", "conversations", "channels"].flatMap((k) => [`${k}_select`, `multi_${k}_select`]);
const ELEMENTS = {
  button: elements.button, workflow_button: elements.button, overflow: elements.overflow, radio_buttons: elements.radioButtons,
  checkboxes: elements.checkboxes, datepicker: elements.picker, timepicker: elements.picker, datetimepicker: elements.picker,
  plain_text_input: elements.textInput, email_text_input: elements.textInput, url_text_input: elements.textInput,
  number_input: elements.textInput, rich_text_input: elements.textInput, file_input: elements.fileInput,
  icon_button: elements.iconAction, feedback_buttons: elements.feedbackButtons, image: (e) => image(e, "thumb"),
  ...Object.fromEntries(SELECTS.map((type) => [type, select])),
};

function unsupported(what, type) {
  return h("div", { class: "unsupported" }, `unsupported ${what} ${type}`);
}

function element(spec, block, ctx, field) {
  return ELEMENTS[spec.type] ? ELEMENTS[spec.type](spec, block, ctx, field) : unsupported("element", spec.type);
}

/** An image from this sandbox. A foreign address is not loaded: the page makes no outside request; its text and link stand in. */
export function image(spec, className) {
  const address = spec.image_url || spec.slack_file?.url || spec.url || (spec.slack_file?.id
    && `/_files/${encodeURIComponent(spec.slack_file.id)}/image`);
  const alt = spec.alt_text || spec.alt_txt || "";
  const url = address && (address.startsWith("data:image/") ? address : safeUrl(address));
  const local = url && (url.startsWith("data:") || ["127.0.0.1", "localhost", location.hostname].includes(new URL(url).hostname));
  const stand = () => h("span", { class: `image-stand ${className}`, role: "img", "aria-label": alt, title: alt }, icon("eye", 16),
    className === "thumb" ? null : link(url || "", alt || "image"));
  if (!local) return stand();
  const node = h("img", { src: url, alt, title: alt, class: className, loading: "lazy", onerror: () => node.replaceWith(stand()) });
  return node;
}

const LONG_CHARS = 700, LONG_LINES = 10;

/** Long text folded behind "Show more". */
function foldable(node, source, never) {
  if (never || (source.length <= LONG_CHARS && source.split("\n").length <= LONG_LINES)) return node;
  node.classList.add("folded");
  const more = h("button", { type: "button", class: "show-more", "aria-expanded": "false", onclick: () => {
    const folded = node.classList.toggle("folded");
    more.textContent = folded ? "Show more" : "Show less";
    more.setAttribute("aria-expanded", String(!folded));
  } }, "Show more");
  return h("div", {}, node, more);
}

function section(b, ctx) {
  const text = b.text && foldable(h("div", { class: "text" }, textNode(b.text)), b.text.text || "", b.expand);
  const fields = b.fields?.length > 0 && h("div", { class: "fields" }, b.fields.map((f) => h("div", { class: "text" }, textNode(f))));
  const accessory = b.accessory && h("div", { class: "accessory" }, element(b.accessory, b, ctx));
  return h("div", { class: "section" }, h("div", { class: "section-body" }, text, fields), accessory);
}

function context(b) {
  return h("div", { class: "context" }, (b.elements || [])
    .map((e) => (e.type === "image" ? image(e, "tiny") : h("span", { class: "text" }, textNode(e)))));
}

function input(b, ctx) {
  const id = uid("input");
  const field = { id, labelId: `${id}-label`, describedBy: `${id}-hint ${id}-error`, required: !b.optional, label: plain(b.label) };
  const grouped = ["radio_buttons", "checkboxes"].includes(b.element.type);
  const label = h(grouped ? "div" : "label", { class: "label", id: field.labelId, for: grouped ? null : id }, textNode(b.label),
    b.optional && h("span", { class: "optional" }, " (optional)"));
  const error = ctx.errors?.[b.block_id];
  return h("div", { class: error ? "input-block invalid" : "input-block" }, label, element(b.element, b, ctx, field),
    error && h("div", { class: "error", id: `${id}-error`, role: "alert" }, icon("info", 15), h("span", {}, error)),
    b.hint && h("div", { class: "hint", id: `${id}-hint` }, textNode(b.hint)));
}

function figure(b) {
  return h("figure", { class: "image-block" }, b.title && h("figcaption", {}, textNode(b.title)), image(b, "large"));
}

function card(b, ctx) {
  return h("div", { class: "card" }, b.hero_image && image(b.hero_image, "hero"),
    h("div", { class: "card-body" }, b.icon && image(b.icon, "thumb"), b.title && h("div", { class: "card-title" }, textNode(b.title)),
      b.subtitle && h("div", { class: "muted" }, textNode(b.subtitle)), b.body && h("div", { class: "text" }, textNode(b.body)),
      b.actions?.length > 0 && h("div", { class: "actions" }, b.actions.map((e) => element(e, b, ctx)))));
}

function carousel(b, ctx) {
  return h("div", { class: "carousel", tabindex: 0, role: "group", "aria-label": "Carousel" },
    b.elements.map((e, i) => card({ ...e, block_id: e.block_id || `${b.block_id}.${i}` }, ctx)));
}

function container(b, ctx) {
  const children = b.child_blocks.map((c, i) => renderBlock({ ...c, block_id: c.block_id || `${b.block_id}.${i}` }, ctx));
  const title = b.title ? textNode(b.title) : b.rich_text_title ? richText(b.rich_text_title) : [];
  const head = [b.icon && image(b.icon, "tiny"), h("span", { class: "container-title" }, title),
    b.subtitle && h("span", { class: "muted" }, textNode(b.subtitle))];
  const width = `container width-${b.width || "standard"}`;
  if (!b.is_collapsible) return h("div", { class: width }, (b.title || b.rich_text_title || b.subtitle) && h("div",
    { class: "container-head" }, head), children);
  return h("details", { class: width, open: !b.default_collapsed }, h("summary", { class: "container-head" }, head), children);
}

function file(b) {
  return h("div", { class: "file-card" }, icon("file", 22), h("span", {}, b.title || b.external_id || "File"));
}

function video(b) {
  return h("div", { class: "card" }, image({ image_url: b.thumbnail_url, alt_text: b.alt_text }, "hero"),
    h("div", { class: "card-body" }, h("div", { class: "card-title" }, link(b.title_url || b.video_url,
      textNode(b.title))), b.description && h("div", { class: "muted" }, textNode(b.description))));
}

const TASK_ICONS = { complete: "check", error: "close", in_progress: "bolt", pending: "dots" };

function task(t) {
  return h("div", { class: `task ${t.status}` }, icon(TASK_ICONS[t.status] || "info", 16), h("div", {}, h("div", {}, t.title),
    t.details && richText(t.details), t.output && richText(t.output), (t.sources || []).map((s) => link(s.url, s.text || s.url))));
}

const BLOCKS = {
  section, context, input, image: figure, card, carousel, container, file, video,
  header: (b) => h("div", { class: "header-block", role: "heading", "aria-level": "3" }, textNode(b.text)),
  divider: () => h("hr"),
  actions: (b, ctx) => h("div", { class: "actions" }, (b.elements || []).map((e) => element(e, b, ctx))),
  context_actions: (b, ctx) => h("div", { class: "actions" }, (b.elements || []).map((e) => element(e, b, ctx))),
  rich_text: (b) => richText(b),
  markdown: (b) => foldable(h("div", { class: "markdown" }, markdown(b.text)), b.text || "", (b.text || "").length < 3000),
  table: (b) => table(b), data_table: (b) => dataTable(b), data_visualization: (b) => dataVisualization(b),
  alert: (b) => h("div", { class: `alert ${b.level || "default"}`, role: "note" },
    icon(b.level === "success" ? "check" : "info", 18), h("div", { class: "text" }, textNode(b.text))),
  task_card: task, plan: (b) => h("div", { class: "container" }, h("div", { class: "container-head" },
    h("span", { class: "container-title" }, b.title)), (b.tasks || []).map(task)),
};

function renderBlock(block, ctx) {
  const node = BLOCKS[block.type] ? BLOCKS[block.type](block, ctx) : unsupported("block", block.type);
  node.classList.add("block");
  node.dataset.blockId = block.block_id || "";
  node.dataset.blockType = block.type;
  return node;
}

const FOCUS = "button, input, textarea";

function focusMark(root) {
  const el = document.activeElement;
  const block = el && root.contains(el) && el.closest("[data-block-id]");
  if (!block) return null;
  const at = [...block.querySelectorAll(FOCUS)].indexOf(el);
  return { block: block.dataset.blockId, at, action: el.dataset.action, start: el.selectionStart, end: el.selectionEnd };
}

/** The element of the same block and place; when the app gave its blocks new ids, the one with the same action. */
function focusTarget(root, mark) {
  const block = root.querySelector(`[data-block-id="${CSS.escape(mark.block)}"]`);
  if (block) return block.querySelectorAll(FOCUS)[mark.at];
  return mark.action && root.querySelector(`[data-action="${CSS.escape(mark.action)}"]`);
}

function restoreFocus(root, mark) {
  if (!mark || root.contains(document.activeElement)) return;
  const el = focusTarget(root, mark);
  el?.focus({ preventScroll: true });
  const editable = el?.setSelectionRange && /^(text|search|url|)$/.test(el.type || "");
  if (editable && typeof mark.start === "number") el.setSelectionRange(mark.start, mark.end);
}

/** Make `root` show exactly `blocks`; unchanged blocks keep their nodes. */
export function renderBlocks(root, blocks, ctx) {
  const mark = focusMark(root);
  const old = ctx.cache;
  ctx.cache = new Map();
  ctx.form.keepBlocks(new Set((blocks || []).flatMap((b) => [b, ...(b.child_blocks || []), ...(b.elements || [])])
    .map((b, i) => b.block_id || `block-${i}`)));
  let cursor = root.firstChild;
  (blocks || []).forEach((given, i) => {
    const block = given.block_id ? given : { ...given, block_id: `block-${i}` };
    const key = JSON.stringify([block, ctx.errors?.[block.block_id] || null]);
    const node = old.get(key) || renderBlock(block, ctx);
    old.delete(key);
    ctx.cache.set(key, node);
    if (node === cursor) cursor = cursor.nextSibling;
    else root.insertBefore(node, cursor);
  });
  while (cursor) { const next = cursor.nextSibling; cursor.remove(); cursor = next; }
  restoreFocus(root, mark);
}

/** What blocks need to act. `container` is PROTOCOL.md's, `channel` the conversation around it (for default selections). */
export function blockContext(container_, channel) {
  const form = new Form();
  const ctx = { form, container: container_, channel, cache: new Map(), errors: null };
  ctx.keep = (block, el, part) => form.set(block.block_id, elements.actionId(el), { type: el.type, ...part });
  ctx.change = (block, el, part, node) => {
    ctx.keep(block, el, part);
    if (block.type !== "input" || block.dispatch_action) ctx.act(block, el, part, node);
  };
  ctx.act = async (block, el, part, node) => {
    if (el.confirm && !(await confirmDialog(el.confirm))) return false;
    const done = elements.busy(node);
    const action = { type: el.type, action_id: elements.actionId(el), ...part };
    const answer = await call("action", { container: ctx.container, block_id: block.block_id, action, state: { values: form.values() } });
    done();
    if (!answer.ok) toast(answer.error || "The app did not answer.", "error");
    return answer.ok;
  };
  ctx.suggest = async (block, el, value) => {
    const answer = await call("suggest", { container: ctx.container, block_id: block.block_id, action_id: elements.actionId(el), value });
    if (!answer.ok) toast(answer.error || "No suggestions.", "error");
    return answer;
  };
  return ctx;
}

