/* The `markdown` block: standard Markdown, as DOM nodes.
 *
 * The common part of Markdown that apps send: headings, lists, tables, code, quotes, links. Raw HTML stays text.
 */
import { h, link } from "./dom.js";
import { mrkdwn, plainInline } from "./mrkdwn.js";

const INLINE = [
  [/^`([^`\n]+)`/, (m) => h("code", {}, m[1])],
  [/^!\[([^\]]*)\]\(([^)\s]+)[^)]*\)/, (m) => link(m[2], m[1] || m[2])],
  [/^\[([^\]]+)\]\(([^)\s]+)[^)]*\)/, (m) => link(m[2], runs(m[1]))],
  [/^\*\*\*([^*\n]+)\*\*\*/, (m) => h("strong", {}, h("em", {}, runs(m[1])))],
  [/^\*\*([^\n]+?)\*\*/, (m) => h("strong", {}, runs(m[1]))],
  [/^__([^\n]+?)__/, (m) => h("strong", {}, runs(m[1]))],
  [/^~~([^\n]+?)~~/, (m) => h("s", {}, runs(m[1]))],
  [/^\*([^*\s][^*\n]*?)\*/, (m) => h("em", {}, runs(m[1]))],
  [/^_([^_\s][^_\n]*?)_(?![a-z0-9])/i, (m) => h("em", {}, runs(m[1]))],
  [/^<([@#!][^>\n]+)>/, (m) => mrkdwn(m[0])],
  [/^<?(https?:\/\/[^\s>)]+)>?/, (m) => link(m[1], m[1])],
  [/^\\([\\`*_{}[\]()#+\-.!|~])/, (m) => m[1]],
];
const STARTS = /[`![*_~<h\\]/;

function runs(text) {
  const out = [];
  let run = "";
  for (let i = 0; i < text.length;) {
    const rest = STARTS.test(text[i]) ? text.slice(i) : "";
    const wordBefore = /[a-z0-9]/i.test(text[i - 1] || "") && (text[i] === "_" || text[i] === "h");
    const hit = rest && !wordBefore && INLINE.map(([re, make]) => [re.exec(rest), make]).find(([m]) => m);
    if (!hit) { run += text[i]; i += 1; continue; }
    out.push(...plainInline(run), hit[1](hit[0]));
    run = "";
    i += hit[0][0].length;
  }
  return [...out, ...plainInline(run)];
}

function lines(list) {
  return list.flatMap((line, i) => (i ? [h("br"), ...runs(line)] : runs(line)));
}

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split("|").map((c) => c.trim());
}

function tableNode(rows) {
  const align = cells(rows[1]).map((c) => (/^:-+:$/.test(c) ? "center" : /-:$/.test(c) ? "right" : "left"));
  const row = (tag) => (line) => h("tr", {}, cells(line).map((c, i) => h(tag, { class: `align-${align[i] || "left"}` }, runs(c))));
  return h("div", { class: "table-wrap" }, h("table", { class: "table" },
    h("thead", {}, row("th")(rows[0])), h("tbody", {}, rows.slice(2).map(row("td")))));
}

const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(\[[ xX]\]\s+)?(.*)$/;

function listNode(items, depth) {
  const ordered = /\d/.test(items[0].mark);
  const list = h(ordered ? "ol" : "ul", ordered ? { start: Number.parseInt(items[0].mark, 10) } : {});
  for (let i = 0; i < items.length;) {
    const li = h("li", {}, items[i].task && h("input", { type: "checkbox", disabled: true, checked: /x/i.test(items[i].task) }),
      lines(items[i].lines));
    let j = i + 1;
    while (j < items.length && items[j].indent > items[i].indent) j += 1;
    if (j > i + 1 && depth < 8) li.append(listNode(items.slice(i + 1, j), depth + 1));
    list.append(li);
    i = j;
  }
  return list;
}

function takeList(all, i) {
  const items = [];
  for (; i < all.length && all[i].trim(); i++) {
    const m = ITEM.exec(all[i]);
    if (m) items.push({ indent: m[1].length, mark: m[2], task: m[3], lines: [m[4]] });
    else if (/^\s/.test(all[i])) items.at(-1).lines.push(all[i].trim());
    else break;
  }
  return [listNode(items, 0), i];
}

function takeFence(all, i) {
  const body = [];
  for (i += 1; i < all.length && !/^\s*```/.test(all[i]); i++) body.push(all[i]);
  return [h("pre", {}, body.join("\n")), i + 1];
}

function takeWhile(all, i, test) {
  const from = i;
  while (i < all.length && test(all[i])) i += 1;
  return [all.slice(from, i), i];
}

const special = (line) => /^\s*```|^#{1,6}\s|^>|^\s*([-*_])\s*(\1\s*){2,}$/.test(line) || ITEM.test(line);

function takeBlock(all, i) {
  const line = all[i];
  if (/^\s*```/.test(line)) return takeFence(all, i);
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading) return [h(`h${Math.min(6, heading[1].length + 2)}`, { class: `md-h${heading[1].length}` }, runs(heading[2])), i + 1];
  if (/^\s*([-*_])\s*(\1\s*){2,}$/.test(line)) return [h("hr"), i + 1];
  if (line.startsWith(">")) {
    const [body, next] = takeWhile(all, i, (l) => l.startsWith(">"));
    return [h("blockquote", {}, blocks(body.map((l) => l.replace(/^> ?/, "")))), next];
  }
  if (ITEM.test(line)) return takeList(all, i);
  if (line.includes("|") && /^[\s|:-]+$/.test(all[i + 1] || "") && (all[i + 1] || "").includes("-")) {
    const [body, next] = takeWhile(all, i, (l) => l.includes("|"));
    return [tableNode(body), next];
  }
  const [body, next] = takeWhile(all, i, (l) => l.trim() && (l === line || !special(l)));
  return [h("p", {}, lines(body)), next];
}

function blocks(all) {
  const out = [];
  for (let i = 0; i < all.length;) {
    if (!all[i].trim()) { i += 1; continue; }
    const [node, next] = takeBlock(all, i);
    out.push(node);
    i = next;
  }
  return out;
}

/** A Markdown text as a list of nodes. */
export function markdown(text) {
  return blocks(String(text ?? "").replace(/\r\n?/g, "\n").split("\n"));
}
