/* Times as a reader sees them: their own zone, Slack's date tokens, relative times that keep moving.
 *
 * Timestamps ("1732480000.000100") are compared as text, never as floats: the last digits would be lost.
 */
import { h } from "./dom.js";

const DAY = 86400;
const AGO_MS = 20000;
const RECENT = 182 * DAY; // Slack leaves the year out within about six months

const fmt = (options) => new Intl.DateTimeFormat("en-US", options);
const TIME = fmt({ hour: "numeric", minute: "2-digit" });
const TIME_SECS = fmt({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const FULL = fmt({ weekday: "long", year: "numeric", month: "long", day: "numeric", hour: "numeric", minute: "2-digit",
  second: "2-digit", timeZoneName: "short" });
const WEEKDAY = fmt({ weekday: "long" });
const MONTH = fmt({ month: "long" });
const MON = fmt({ month: "short" });

// A sandbox can skip time: then its newest message is later than this machine's clock, and "now" is what the sandbox says.
const CLOCK_SLACK_MS = 5000;
let ahead = 0;

/** Learn the sandbox's time from a message it sent. */
export function noteTime(ts) {
  const lead = Number.parseFloat(ts) * 1000 - Date.now();
  if (lead <= CLOCK_SLACK_MS || lead <= ahead) return;
  ahead = lead;
  refreshAgo();
  dispatchEvent(new Event("time-moved"));
}

const now = () => Date.now() + ahead;

const asDate = (ts) => new Date(Number.parseFloat(ts) * 1000);
const two = (n) => String(n).padStart(2, "0");

/** "6:39 AM" for a message timestamp. */
export function clock(ts) {
  return TIME.format(asDate(ts));
}

/** The whole date and time, for tooltips. */
export function fullDate(ts) {
  return FULL.format(asDate(ts));
}

/** A number that is the same for two timestamps of the same local day. */
export function dayOf(ts) {
  const d = asDate(ts);
  return d.getFullYear() * 10000 + d.getMonth() * 100 + d.getDate();
}

function ordinal(n) {
  const tail = n % 100 >= 11 && n % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] || "th";
  return `${n}${tail}`;
}

function relativeDay(d) {
  const midnight = (x) => new Date(x.getFullYear(), x.getMonth(), x.getDate()).getTime();
  const days = Math.round((midnight(d) - midnight(new Date(now()))) / (DAY * 1000));
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] || null;
}

const year = (d, separator) => (Math.abs(now() - d) / 1000 < RECENT ? "" : `${separator}${d.getFullYear()}`);
const dateText = (d) => `${MONTH.format(d)} ${ordinal(d.getDate())}${year(d, ", ")}`;
const shortText = (d) => `${MON.format(d)} ${d.getDate()}${year(d, ", ")}`;
const longText = (d) => `${WEEKDAY.format(d)}, ${dateText(d)}`;

function ago(d) {
  const s = Math.round((now() - d) / 1000);
  const abs = Math.abs(s);
  const [n, unit] = abs < 60 ? [abs, "second"] : abs < 3600 ? [abs / 60, "minute"] : abs < DAY ? [abs / 3600, "hour"]
    : abs < 60 * DAY ? [abs / DAY, "day"] : [abs / (30 * DAY), "month"];
  if (abs < 5) return "just now";
  const whole = Math.round(n);
  const text = `${whole} ${unit}${whole === 1 ? "" : "s"}`;
  return s >= 0 ? `${text} ago` : `in ${text}`;
}

const TOKENS = {
  date_num: (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`,
  date_slash: (d) => `${two(d.getMonth() + 1)}/${two(d.getDate())}/${d.getFullYear()}`,
  date_long_full: (d) => `${WEEKDAY.format(d)}, ${MONTH.format(d)} ${ordinal(d.getDate())}, ${d.getFullYear()}`,
  date_long_pretty: (d) => relativeDay(d) || longText(d),
  date_short_pretty: (d) => relativeDay(d) || shortText(d),
  date_pretty: (d) => relativeDay(d) || dateText(d),
  day_divider_pretty: (d) => relativeDay(d) || longText(d),
  date_long: longText,
  date_short: shortText,
  date: dateText,
  time_secs: (d) => TIME_SECS.format(d),
  time: (d) => TIME.format(d),
  ago,
};

/** A Slack date format ("{date_short} at {time}") for a Unix time in seconds; `opening` writes a leading "today" large. */
function formatDate(seconds, format, opening = true) {
  const d = asDate(seconds);
  const text = format.replace(/\{(\w+)\}/g, (all, token) => (TOKENS[token] ? TOKENS[token](d) : all));
  return opening && /^\{\w*pretty\}/.test(format) ? text[0].toUpperCase() + text.slice(1) : text;
}

/** The label of a day separator: "Today", "Yesterday", "Monday, November 23rd". */
export function dayLabel(ts) {
  return formatDate(ts, "{day_divider_pretty}");
}

/** A `time` element for a date token; `{ago}` ones keep moving. */
export function dateNode(seconds, format, fallback, opening = true) {
  const n = Number(seconds);
  if (!Number.isFinite(n)) return document.createTextNode(fallback || "");
  const el = h("time", { datetime: new Date(n * 1000).toISOString(), title: fullDate(n), class: "date" }, formatDate(n, format, opening));
  if (format.includes("{ago}")) {
    el.dataset.ago = String(n);
    el.dataset.format = format;
  }
  return el;
}

function refreshAgo() {
  for (const el of document.querySelectorAll("time[data-ago]")) el.textContent = formatDate(el.dataset.ago, el.dataset.format);
}

setInterval(refreshAgo, AGO_MS);
