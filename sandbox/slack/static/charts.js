/* The `data_visualization` block as plain SVG: pie, bar, line and area.
 *
 * The numbers are also there for those who cannot see them: every mark has a title and the chart a text summary.
 */
import { h, svg } from "./dom.js";

const H = 240, LEFT = 46, RIGHT = 12, TOP = 12, CHAR = 6.3;
const NARROW = matchMedia("(max-width: 700px)");
// A drawing is scaled to the room there is: on a phone it is made smaller, so that its letters stay readable.
const roomWide = () => (NARROW.matches ? 300 : 520);
// Names that carry a meaning keep its colour: a critical slice is never green.
const MEANING = { critical: 4, failed: 4, high: 2, medium: 7, low: 3, informational: 8, info: 8, passed: 1, fixed: 1, resolved: 1,
  new: 4, suppressed: 8 };
const color = (i, name = "") => `var(--chart-${MEANING[name.toLowerCase()] || (i % 8) + 1})`;
const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

function legend(names, keys = names) {
  return h("ul", { class: "legend" }, names.map((name, i) => h("li", {},
    h("i", { style: { "background-color": color(i, keys[i]) } }), name)));
}

function titled(node, text) {
  node.append(svg("title", {}, text));
  return node;
}

function slice(from, to, props) {
  const at = (turn, r) => `${120 + r * Math.sin(turn * 2 * Math.PI)} ${120 - r * Math.cos(turn * 2 * Math.PI)}`;
  if (to - from > 0.9999) return svg("circle", { cx: 120, cy: 120, r: 78, fill: "none", stroke: props.fill, "stroke-width": 44 });
  const large = to - from > 0.5 ? 1 : 0;
  return svg("path", { d: `M${at(from, 100)}A100 100 0 ${large} 1 ${at(to, 100)}L${at(to, 56)}A56 56 0 ${large} 0 ${at(from, 56)}Z`,
    ...props });
}

function pie(chart) {
  const segments = chart.segments || [];
  const total = segments.reduce((sum, s) => sum + Number(s.value), 0) || 1;
  let turn = 0;
  const paths = segments.map((s, i) => {
    const from = turn;
    turn += s.value / total;
    return titled(slice(from, turn, { fill: color(i, s.label), class: "slice" }),
      `${s.label}: ${number.format(s.value)} (${Math.round((s.value / total) * 100)}%)`);
  });
  const middle = svg("text", { x: 120, y: 120, class: "pie-total", "text-anchor": "middle", "dominant-baseline": "central" },
    compact.format(total));
  const names = segments.map((s) => `${s.label}  ${number.format(s.value)} (${Math.round((s.value / total) * 100)}%)`);
  return [h("div", { class: "pie" }, svg("svg", { viewBox: "16 16 208 208", "aria-hidden": "true" }, paths, middle),
    legend(names, segments.map((s) => s.label)))];
}

// What is counted has no halves: whole numbers get whole ticks.
function niceStep(span, whole) {
  const raw = span / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const steps = [1, 2, 2.5, 5, 10].map((m) => m * power).filter((s) => !whole || Number.isInteger(s));
  return steps.find((s) => s >= raw) || 1;
}

function scale(series, height, bottomSpace) {
  const all = series.flatMap((s) => s.data.map((d) => Number(d.value)));
  const low = Math.min(0, ...all);
  const step = niceStep(Math.max(...all, 0) - low || 1, all.every(Number.isInteger));
  const top = Math.ceil((Math.max(...all, 0) || 1) / step) * step;
  const bottom = Math.floor(low / step) * step;
  const y = (v) => TOP + (height - TOP - bottomSpace) * (1 - (v - bottom) / (top - bottom));
  const ticks = [];
  for (let v = bottom; v <= top + step / 1e6; v += step) ticks.push(v);
  return { y, ticks };
}

/** How many categories share one label, and how many characters it may have. */
function labelRoom(categories, slot) {
  const longest = Math.max(1, ...categories.map((c) => c.length));
  const skip = Math.max(1, Math.ceil((Math.min(longest, 9) * CHAR + 6) / slot));
  return { skip, most: Math.max(3, Math.floor((slot * skip - 6) / CHAR)) };
}

const TILTED = 16;
const TILT = Math.SQRT1_2; // 45 degrees
/** A long name is cut in its middle: names of one kind differ at their ends. */
const middle = (text) => (text.length > TILTED ? `${text.slice(0, 7)}…${text.slice(8 - TILTED)}` : text);

/** Every bar keeps its name: names that do not fit side by side are tilted. Points in time are many alike, so some are left out. */
const isTilted = (chart, categories, slot) => chart.type === "bar" && Math.max(0, ...categories.map((c) => c.length)) * CHAR + 6 > slot;
const tiltedRoom = (categories) => Math.min(TILTED, Math.max(...categories.map((c) => c.length))) * CHAR * TILT;

function categoryNames(categories, x, { top, slot, tilted }) {
  if (tilted) {
    return categories.map((c, i) => titled(svg("text", { x: x(i) + 4, y: top + 12, class: "tick", "text-anchor": "end",
      transform: `rotate(-45 ${x(i) + 4} ${top + 12})` }, middle(c)), c));
  }
  const { skip, most } = labelRoom(categories, slot);
  return categories.map((c, i) => i % skip === 0 && titled(svg("text", { x: x(i), y: top + 16, class: "tick", "text-anchor": "middle" },
    cut(c, most)), c));
}

const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function axes(categories, x, { y, ticks, wide, height, foot, slot, tilted }, config) {
  const top = height - foot;
  return [
    ticks.map((v) => [svg("line", { x1: LEFT, x2: wide - RIGHT, y1: y(v), y2: y(v), class: "grid" }),
      svg("text", { x: LEFT - 6, y: y(v), class: "tick", "text-anchor": "end", "dominant-baseline": "middle" }, compact.format(v))]),
    categoryNames(categories, x, { top, slot, tilted }),
    config?.x_label && svg("text", { x: (LEFT + wide - RIGHT) / 2, y: height - 6, class: "axis", "text-anchor": "middle" }, config.x_label),
    config?.y_label && svg("text", { x: 10, y: (TOP + top) / 2, class: "axis", "text-anchor": "middle",
      transform: `rotate(-90 10 ${(TOP + top) / 2})` }, config.y_label),
  ];
}

const valueAt = (series, category) => Number(series.data.find((d) => d.label === category)?.value ?? 0);

function bars(series, categories, x, y, width) {
  const each = Math.min(40, (width * 0.76) / series.length);
  return series.map((s, k) => categories.map((c, i) => {
    const v = valueAt(s, c);
    const left = x(i) - (each * series.length) / 2 + k * each;
    const rect = svg("rect", { x: left + 0.5, width: Math.max(1, each - 1), y: Math.min(y(v), y(0)), height: Math.abs(y(v) - y(0)),
      fill: color(k, s.name), rx: 2 });
    return titled(rect, `${s.name}, ${c}: ${number.format(v)}`);
  }));
}

function lines(series, categories, x, y, filled) {
  return series.map((s, k) => {
    const points = categories.map((c, i) => `${x(i)} ${y(valueAt(s, c))}`);
    const area = filled && svg("path", { d: `M${x(0)} ${y(0)}L${points.join("L")}L${x(categories.length - 1)} ${y(0)}Z`,
      fill: color(k, s.name), class: "area" });
    const dots = categories.map((c, i) => titled(svg("circle", { cx: x(i), cy: y(valueAt(s, c)), r: 3, fill: color(k, s.name) }),
      `${s.name}, ${c}: ${number.format(valueAt(s, c))}`));
    return [area, svg("path", { d: `M${points.join("L")}`, stroke: color(k, s.name), class: "line" }), dots];
  });
}

function cartesian(chart) {
  const series = chart.series || [];
  const categories = chart.axis_config?.categories || series[0]?.data.map((d) => d.label) || [];
  const wide = roomWide();
  const width = (wide - LEFT - RIGHT) / Math.max(1, categories.length);
  const tilted = isTilted(chart, categories, width);
  const names = tilted ? tiltedRoom(categories) : 0; // below the usual height, so that the bars keep theirs
  const foot = (chart.axis_config?.x_label ? 44 : 26) + names;
  const height = H + names;
  const space = { ...scale(series, height, foot), wide, height, foot, slot: width, tilted };
  const edge = chart.type === "bar" || categories.length < 2;
  const x = (i) => (edge ? LEFT + width * (i + 0.5) : LEFT + 10 + ((wide - LEFT - RIGHT - 20) * i) / (categories.length - 1));
  const marks = chart.type === "bar" ? bars(series, categories, x, space.y, width)
    : lines(series, categories, x, space.y, chart.type === "area");
  return [svg("svg", { viewBox: `0 0 ${wide} ${height}`, class: "chart", "aria-hidden": "true" },
    axes(categories, x, space, chart.axis_config), marks),
    series.length > 0 && legend(series.map((s) => s.name))];
}

function summary(chart) {
  if (chart.type === "pie") return (chart.segments || []).map((s) => `${s.label} ${s.value}`).join(", ");
  return (chart.series || []).map((s) => `${s.name}: ${s.data.map((d) => `${d.label} ${d.value}`).join(", ")}`).join("; ");
}

/** A chart with its title; an unknown kind is named, not hidden. */
export function dataVisualization(block) {
  const chart = block.chart || {};
  const known = ["pie", "bar", "line", "area"].includes(chart.type);
  const body = known ? (chart.type === "pie" ? pie(chart) : cartesian(chart))
    : h("div", { class: "unsupported" }, `unsupported chart ${chart.type}`);
  return h("figure", { class: "visualization", role: "img", "aria-label": `${block.title || "Chart"}. ${summary(chart)}` },
    block.title && h("figcaption", {}, block.title), body);
}
