/* Slack's mrkdwn, as DOM nodes.
 *
 * The text is foreign: it becomes text nodes and a short list of elements, never markup. What does not parse stays as typed.
 */
import { h, link } from "./dom.js";
import { dateNode } from "./dates.js";
import { drawEmoji, emoji, knownEmoji } from "./emoji.js";
import { store, userName } from "./store.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const STYLES = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;

/** Slack's three entities back to characters. */
function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (e) => ENTITIES[e]);
}

/** A mention of a person; it stands out when it is the reader. */
export function userMention(id) {
  return h("span", { class: id === store.me?.id ? "mention me" : "mention", title: id }, `@${userName(id)}`);
}

/** A link to a channel of this workspace. */
export function channelMention(id, label) {
  const channel = store.channels.get(id);
  const name = channel ? channel.name : label || id;
  if (!channel) return h("span", { class: "mention" }, `#${name}`);
  return h("a", { class: "mention", href: `#${name}` }, `#${name}`);
}

/** A mention of a user group; it stands out when the reader belongs to it. */
export function groupMention(id, label) {
  const group = store.usergroups.get(id);
  const mine = group?.users?.includes(store.me?.id);
  const handle = group ? group.handle : label || id;
  return h("span", { class: mine ? "mention me" : "mention", title: group?.name || id }, `@${handle.replace(/^@/, "")}`);
}

/** @channel, @here, @everyone. */
export function broadcastMention(range) {
  return h("span", { class: "mention me" }, `@${range}`);
}

// What may stand between < and >: a mention or an address with a scheme. Anything else is text that somebody forgot to escape.
const TARGET = /^(?:[@#!][A-Za-z]|[a-z][a-z0-9+.-]*:)/i;
// Where a sentence begins, "Today" is written large.
const OPENING = /(?:^|[\n.:!?|·•*>(-])\s*$/;

function special(body, label, opts) {
  if (body.startsWith("!subteam^")) return groupMention(body.slice(9), label);
  if (body.startsWith("!date^")) {
    const [, ts, format, url] = body.split("^");
    const node = dateNode(ts, unescape(format || ""), label, opts.opening);
    return url ? link(url, node) : node;
  }
  return broadcastMention(body.slice(1).split("^")[0]);
}

/** The node for what stands between < and >. */
function angle(inner, opts) {
  const bar = inner.indexOf("|");
  const body = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? null : inner.slice(bar + 1);
  if (body.startsWith("@")) return userMention(body.slice(1));
  if (body.startsWith("#")) return channelMention(body.slice(1), label);
  if (body.startsWith("!")) return special(body, label && unescape(label), opts);
  const url = unescape(body);
  return link(url, label === null ? url.replace(/^mailto:/, "") : opts.inLink ? unescape(label) : inline(label, { ...opts, inLink: true }));
}

function closingAt(text, from, mark) {
  for (let i = from; i < text.length; i++) {
    const c = text[i];
    if (c === "\n") return -1;
    if (c === "<") { const end = text.indexOf(">", i); if (end > 0) i = end; continue; }
    if (c === "`") { const end = text.indexOf("`", i + 1); if (end > 0) i = end; continue; }
    if (c === mark && i > from && !/\s/.test(text[i - 1]) && !WORD.test(text[i + 1] || " ")) return i;
  }
  return -1;
}

function codeText(text) {
  return unescape(text.replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (all, body, label) => (TARGET.test(body) ? label ?? body : all)));
}

// Each reader looks at one place and answers [node, next place] or null.
const READERS = {
  "<": (t, i, opts) => {
    const end = t.indexOf(">", i + 1);
    const inner = t.slice(i + 1, Math.max(i + 1, end));
    return TARGET.test(inner) ? [angle(inner, { ...opts, opening: OPENING.test(t.slice(Math.max(0, i - 4), i)) }), end + 1] : null;
  },
  "`": (t, i) => {
    const end = t.indexOf("`", i + 1);
    if (end <= i + 1 || t.slice(i + 1, end).includes("\n")) return null;
    return [h("code", {}, codeText(t.slice(i + 1, end))), end + 1];
  },
  ":": (t, i) => {
    const found = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/.exec(t.slice(i, i + 80));
    return found && knownEmoji(found[1].split("::")[0]) ? [emoji(found[1]), i + found[0].length] : null;
  },
  "&": (t, i) => {
    const found = /^&(?:amp|lt|gt);/.exec(t.slice(i, i + 5));
    return found ? [ENTITIES[found[0]], i + found[0].length] : null;
  },
};

function styled(t, i, opts) {
  const mark = t[i];
  const next = t[i + 1] || " ";
  if (WORD.test(t[i - 1] || " ") || /\s/.test(next) || next === mark) return null;
  const end = closingAt(t, i + 1, mark);
  return end < 0 ? null : [h(STYLES[mark], {}, inline(t.slice(i + 1, end), opts)), end + 1];
}

/** One run of text, line breaks included, as a list of nodes and texts. */
export function inline(text, opts = {}) {
  const out = [];
  let run = "";
  const flush = () => { if (run) out.push(...drawEmoji(run)); run = ""; };
  for (let i = 0; i < text.length;) {
    const c = text[i];
    const hit = c === "\n" ? [h("br"), i + 1] : c in STYLES ? styled(text, i, opts) : READERS[c]?.(text, i, opts);
    if (!hit) { run += c; i += 1; continue; }
    flush();
    out.push(hit[0]);
    i = hit[1];
  }
  flush();
  return out;
}

/** Only emoji and entities: what plain_text shows. `withEmoji` is about `:name:`; emoji characters are always drawn. */
export function plainInline(text, withEmoji = true) {
  const nodes = [];
  for (const [i, line] of String(text ?? "").split("\n").entries()) {
    if (i) nodes.push(h("br"));
    const parts = withEmoji ? line.split(/(:[a-z0-9_+'-]+:)/) : [line];
    nodes.push(...parts.map((p) => (withEmoji && /^:[^:]+:$/.test(p) ? emoji(p.slice(1, -1)) : drawEmoji(unescape(p)))).flat());
  }
  return nodes;
}

const QUOTE = /^(?:&gt;|>) ?/;

function paragraphs(text, opts) {
  const out = [];
  let quote = null;
  let plainLines = null;
  const flush = () => {
    if (quote) out.push(h("blockquote", {}, inline(quote.join("\n"), opts)));
    if (plainLines) out.push(...inline(plainLines.join("\n"), opts));
    quote = plainLines = null;
  };
  for (const line of text.split("\n")) {
    const quoted = QUOTE.test(line);
    if (quoted ? plainLines : quote) flush();
    if (quoted) (quote ||= []).push(line.replace(QUOTE, ""));
    else (plainLines ||= []).push(line);
  }
  flush();
  return out;
}

/** A whole mrkdwn text as a fragment: code blocks, quotes, then runs. */
export function mrkdwn(text, opts = {}) {
  const fragment = document.createDocumentFragment();
  const parts = String(text ?? "").split(/```([\s\S]+?)```\n?/);
  parts.forEach((part, i) => {
    if (i % 2) return fragment.append(h("pre", {}, codeText(part.replace(/^\n/, "").replace(/\n$/, ""))));
    const body = i + 1 < parts.length ? part.replace(/\n$/, "") : part;
    if (body) fragment.append(...paragraphs(body, opts));
  });
  return fragment;
}

/** A Slack text object (`mrkdwn` or `plain_text`) as nodes. */
export function textNode(object) {
  if (!object) return document.createDocumentFragment();
  if (object.type === "mrkdwn") return mrkdwn(object.text);
  const fragment = document.createDocumentFragment();
  fragment.append(...plainInline(object.text, object.emoji !== false));
  return fragment;
}

/** The bare text of a mrkdwn string, for titles and toasts. */
export function flatText(text) {
  return h("div", {}, mrkdwn(text)).textContent;
}
