/* What the composer offers while one types: slash commands, their arguments, people, channels.
 *
 * `suggestions(text, caret)` answers {kind, from, items} or null; `from` is where the replaced piece begins. Each item has
 * {insert, label, hint, node?}. It only reads the store.
 */
import { avatar, h, icon } from "./dom.js";
import { store } from "./store.js";

const MOST = 9;

function commandItems(typed) {
  return store.commands.filter((c) => c.command.startsWith(typed)).map((c) => ({ insert: `${c.command} `, label: c.command,
    hint: [c.usage_hint, c.description].filter(Boolean).join(" · ") }));
}

/** A completion without the command in front, as a server may or may not send it. */
function argument(text, command) {
  return text.startsWith(`${command} `) ? text.slice(command.length + 1) : text;
}

function argumentItems(command, rest, base) {
  const typed = rest.toLowerCase();
  const word = rest.split(/\s+/).at(-1).toLowerCase();
  const wordAt = base + rest.length - word.length;
  const whole = [];
  const tail = [];
  const loose = [];
  for (const c of store.completions) {
    const text = argument(c.text, command);
    const low = text.toLowerCase();
    const item = { insert: text, label: text, hint: c.hint };
    if (low === typed.trim()) continue;
    if (low.startsWith(typed)) whole.push({ ...item, at: base });
    else if (word && wordAt > base && low.startsWith(word) && low !== word) tail.push({ ...item, at: wordAt });
    else if (word.length > 1 && wordAt === base && low.includes(word)) loose.push({ ...item, at: base });
  }
  return [...whole, ...tail, ...loose];
}

const starts = (query, ...texts) => texts.some((t) => t
  && t.toLowerCase().split(/[\s._-]+/).concat(t.toLowerCase()).some((w) => w.startsWith(query)));

function userItems(query) {
  return [...store.users.values()].filter((u) => !u.deleted && starts(query, u.name, u.real_name))
    .map((u) => ({ insert: `@${u.name} `, label: u.real_name || u.name,
    hint: u.title || `@${u.name}`, node: avatar(u, 20) }));
}

function groupItems(query) {
  return [...store.usergroups.values()].filter((g) => starts(query, g.handle, g.name))
    .map((g) => ({ insert: `@${g.handle} `, label: `@${g.handle}`, hint: g.name, node: icon("shield", 18) }));
}

function channelItems(query) {
  return [...store.channels.values()].filter((c) => c.kind !== "im" && starts(query, c.name))
    .map((c) => ({ insert: `#${c.name} `, label: c.name, hint: c.topic, node: icon(c.kind === "private" ? "lock" : "hash", 16) }));
}

/** What to offer for a text and a caret position. */
export function suggestions(text, caret) {
  const head = text.slice(0, caret);
  if (/^\/\S*$/.test(head)) return { kind: "command", from: 0, items: commandItems(head).slice(0, MOST) };
  const mention = /(?:^|\s)([@#])([\w.-]*)$/.exec(head);
  if (mention) {
    const query = mention[2].toLowerCase();
    const items = mention[1] === "@" ? [...userItems(query), ...groupItems(query)] : channelItems(query);
    return { kind: "mention", from: caret - query.length - 1, items: items.slice(0, MOST) };
  }
  const slash = /^(\/\S+)\s(.*)$/s.exec(head);
  if (!slash || !store.commands.some((c) => c.command === slash[1])) return null;
  const base = slash[1].length + 1;
  return { kind: "argument", from: base, items: argumentItems(slash[1], slash[2], base).slice(0, MOST) };
}

function mentionOf(name, labelled) {
  const low = name.toLowerCase();
  const person = [...store.users.values()].find((u) => u.name.toLowerCase() === low);
  if (person) return labelled ? `<@${person.id}|${person.name}>` : `<@${person.id}>`;
  const group = [...store.usergroups.values()].find((g) => g.handle.toLowerCase() === low);
  return group ? `<!subteam^${group.id}|@${group.handle}>` : null;
}

function channelOf(name) {
  const channel = [...store.channels.values()].find((c) => c.kind !== "im" && c.name === name);
  return channel ? `<#${channel.id}|${channel.name}>` : null;
}

/** What is typed, with @name and #name as mentions. The server does the rest (escaping, links); a command keeps everything else. */
export function encode(text, { command = false } = {}) {
  return text.replace(/(?<![\w/.&;<|])(?:@([\w.-]*\w)|#([\w-]+))/g, (piece, person, channel) =>
    (person ? mentionOf(person, command) : channelOf(channel)) || piece);
}

/** The popup of suggestions; `pick(item)` on a click. */
export function popupRow(item, index, active, pick, id) {
  return h("div", { class: index === active ? "completion-row active" : "completion-row", role: "option", id,
    "aria-selected": String(index === active),
    onmousedown: (event) => { event.preventDefault(); pick(item); } },
  item.node, h("b", {}, item.label), item.hint && h("span", { class: "muted" }, item.hint));
}
