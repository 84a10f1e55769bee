/* The `rich_text` block: sections, lists, quotes and preformatted text with their inline elements. */
import { h, link } from "./dom.js";
import { dateNode } from "./dates.js";
import { drawEmoji, emoji } from "./emoji.js";
import { broadcastMention, channelMention, groupMention, userMention } from "./mrkdwn.js";

function lines(text) {
  return String(text ?? "").split("\n").flatMap((part, i) => (i ? [h("br"), ...drawEmoji(part)] : drawEmoji(part)));
}

function colorChip(value) {
  const safe = /^#[0-9a-f]{3,8}$/i.test(value) ? value : "transparent";
  return h("span", { class: "color-chip" }, h("i", { style: { "background-color": safe } }), value);
}

const INLINE = {
  text: (e) => lines(e.text),
  link: (e) => link(e.url, e.text || e.url),
  emoji: (e) => emoji(e.name || ""),
  user: (e) => userMention(e.user_id),
  channel: (e) => channelMention(e.channel_id),
  usergroup: (e) => groupMention(e.usergroup_id),
  team: (e) => h("span", { class: "mention" }, `@${e.team_id}`),
  broadcast: (e) => broadcastMention(e.range),
  date: (e) => (e.url ? link(e.url, dateNode(e.timestamp, e.format, e.fallback)) : dateNode(e.timestamp, e.format, e.fallback)),
  color: (e) => colorChip(e.value),
};
const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]];

function inlineNode(element) {
  const make = INLINE[element.type];
  let node = make ? make(element) : [`[${element.type}]`];
  for (const [style, tag] of STYLES) if (element.style?.[style]) node = h(tag, {}, node);
  return node;
}

const inlines = (elements) => (elements || []).map(inlineNode);

const BULLETS = ["disc", "circle", "square"];
const NUMBERS = ["decimal", "lower-alpha", "lower-roman"];

function listNode(e) {
  const level = e.indent || 0;
  const ordered = e.style === "ordered";
  const kind = (ordered ? NUMBERS : BULLETS)[level % 3];
  return h(ordered ? "ol" : "ul", { class: e.border ? "rt-list bordered" : "rt-list", start: ordered ? (e.offset || 0) + 1 : null,
    style: { "--indent": String(level), "list-style-type": kind } },
  e.elements.map((item) => h("li", {}, item.type === "rich_text_section" ? inlines(item.elements) : richElement(item))));
}

const BLOCKS = {
  rich_text_section: (e) => h("div", { class: "rt-section" }, inlines(e.elements)),
  rich_text_list: listNode,
  rich_text_quote: (e) => h("blockquote", {}, inlines(e.elements)),
  rich_text_preformatted: (e) => h("pre", {}, inlines(e.elements)),
};

function richElement(e) {
  return BLOCKS[e.type] ? BLOCKS[e.type](e) : h("div", { class: "unsupported" }, `unsupported rich text ${e.type}`);
}

/** The node of one rich_text block (or of any object with `elements`). */
export function richText(block) {
  return h("div", { class: "rich-text" }, (block.elements || []).map(richElement));
}
