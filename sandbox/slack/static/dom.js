/* Building DOM nodes without markup strings.
 *
 * Every text on this page may have been written by somebody else (a resource name, a user agent, a message), so nothing here
 * or elsewhere turns text into markup: `h` makes elements and text nodes, and that is the only way in.
 */

const SVG = "http://www.w3.org/2000/svg";

function append(el, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    el.append(child instanceof Node ? child : String(child));
  }
  return el;
}

function setProp(el, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === "class") el.setAttribute("class", value);
  else if (key === "dataset") Object.assign(el.dataset, value);
  else if (key === "style") for (const [k, v] of Object.entries(value)) el.style.setProperty(k, v);
  else if (key.startsWith("on")) el.addEventListener(key.slice(2), value);
  else if (key === "value" || key === "checked" || key === "selected") el[key] = value;
  else el.setAttribute(key, value === true ? "" : value);
}

/** An element with properties (`class`, `dataset`, `style`, `onclick`, attributes) and children (nodes, texts, lists of them). */
export function h(tag, props, ...children) {
  const el = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) setProp(el, key, value);
  return append(el, children);
}

/** The same for SVG. */
export function svg(tag, props, ...children) {
  const el = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(props || {})) setProp(el, key, value);
  return append(el, children);
}

// Stroked paths on a 20 x 20 field, drawn for this page.
const ICONS = {
  hash: "M8 3 6.5 17M13.5 3 12 17M3.5 7.5h14M2.5 12.5h14",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  close: "M5 5l10 10M15 5 5 15",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  dots: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  reply: "M3 4h14v9.5H9L5 17v-3.5H3z",
  chevron: "M5 8l5 5 5-5",
  right: "M8 5l5 5-5 5",
  left: "M12 5l-5 5 5 5",
  down: "M10 3.5v13M4.5 11l5.5 5.5 5.5-5.5",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  moon: "M16.5 11.8A7 7 0 1 1 8.2 3.5a5.6 5.6 0 0 0 8.3 8.3z",
  sliders: "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
  send: "M3.5 3.5 17 10 3.5 16.5 6 10zM6 10h11",
  slash: "M4 3.5h12v13H4zM12 6.5l-4 7",
  bolt: "M11 2.5 4.5 11.5H9.5L9 17.5 15.5 8.5H10.5z",
  home: "M3 9.5 10 3.5l7 6M5 8.5V17h3.5v-4.5h3V17H15V8.5",
  eye: "M2 10s3-5.5 8-5.5 8 5.5 8 5.5-3 5.5-8 5.5S2 10 2 10zM10 7.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8z",
  file: "M5 2.5h6.5L15.5 6.5V17.5H5zM11 2.5v4.5h4.5",
  smile: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM7.2 8h.01M12.8 8h.01M6.8 11.8a3.7 3.7 0 0 0 6.4 0",
  shield: "M10 2.5 16.5 5v5c0 4-2.7 6.5-6.5 8-3.8-1.5-6.5-4-6.5-8V5z",
  check: "M4 10.5l4 4 8-9",
  link: "M8.5 11.5a3 3 0 0 0 4.2 0l2.8-2.8a3 3 0 0 0-4.2-4.2l-1 1M11.5 8.5a3 3 0 0 0-4.2 0l-2.8 2.8a3 3 0 0 0 4.2 4.2l1-1",
  info: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v5M10 6.2v.01",
};

/** A small line icon; it is decoration, so it is hidden from screen readers. */
export function icon(name, size = 18) {
  return svg("svg", { class: `icon icon-${name}`, viewBox: "0 0 20 20", width: size, height: size, "aria-hidden": "true" },
    svg("path", { d: ICONS[name] || ICONS.info }));
}

/** A button that shows only an icon; `label` is what it is called. */
export function iconButton(name, label, onclick, props) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** The text of a Slack text object, for labels. */
export function plain(textObject) {
  return (textObject && textObject.text) || "";
}

/** An address that may be followed or shown, or null: only web and mail addresses, never script. */
export function safeUrl(url) {
  try {
    const parsed = new URL(String(url), location.href);
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** A link that opens outside the page. Text alone when the address may not be followed. */
export function link(url, ...children) {
  const href = safeUrl(url);
  if (!href) return h("span", {}, ...children);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** "1 reply", "2 replies". */
export function count(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

// Colours that say nothing (a default for everybody) give way to one of ours, chosen by id.
const PLAIN_COLORS = new Set(["4a154b", "000000", "ffffff"]);
const COLORS = ["#b4532a", "#2f6fb0", "#7a4fb5", "#2c7d5b", "#a8426b", "#6a6f1f", "#3c5a99", "#92472f"];

/** A square with the initials of a user on their colour. */
export function avatar(user, size = 36) {
  const name = user?.real_name || user?.name || "?";
  const letters = name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((w) => w[0].toUpperCase()).join("");
  const given = /^#?[0-9a-f]{6}$/i.test(user?.color || "") && !PLAIN_COLORS.has(user.color) ? `#${user.color.replace("#", "")}` : null;
  const sum = [...(user?.id || "?")].reduce((n, c) => (n * 31 + c.charCodeAt(0)) % 9973, 7);
  const body = user?.is_bot ? icon("shield", Math.round(size * 0.62)) : letters || "?";
  return h("span", { class: user?.is_bot ? "avatar bot" : "avatar", "aria-hidden": "true",
    style: { "--avatar": given || COLORS[sum % COLORS.length], "--size": `${size}px` } }, body);
}
