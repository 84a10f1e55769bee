/* A scrolling list of messages: order, grouping, day lines, sticking to the end, older ones on demand.
 *
 * Only the rows near a change are touched, so thousands of messages stay smooth. What the reader looks at never moves: rows that
 * come or grow above are made up for in the scroll position.
 */
import { count, h, icon } from "./dom.js";
import { dayOf } from "./dates.js";
import { Row } from "./message.js";
import { placePopover } from "./overlay.js";
import { store } from "./store.js";

const GROUP_S = 300;
const NEAR_PX = 60;

export class MessageList {
  /** `opts`: {inThread, label, openThread(m), dismiss(m), older() -> Promise, seen(ts)} */
  constructor(opts) {
    this.opts = opts;
    this.rows = new Map();
    this.order = [];
    this.stuck = true;
    this.lastTop = 0;
    this.unseen = 0;
    this.newFrom = null;
    this.more = false;
    this.top = h("div", { class: "list-top" });
    this.inner = h("div", { class: "list-inner" }, this.top);
    this.pill = h("button", { type: "button", class: "pill", hidden: true, onclick: () => this.toEnd() });
    this.scroller = h("div", { class: "scroller", tabindex: 0, role: "log", "aria-label": opts.label, "aria-live": "polite",
      onscroll: () => this.scrolled() }, this.inner);
    this.inner.addEventListener("keydown", (event) => this.walk(event));
    this.el = h("div", { class: "list" }, this.scroller, this.pill);
    this.observer = new ResizeObserver(() => { if (this.follows()) this.jump(); placePopover(); });
    this.observer.observe(this.inner);
    this.observer.observe(this.scroller);
    this.redate = () => this.order.forEach((_, i) => this.decorate(i));
    addEventListener("time-moved", this.redate);
  }

  destroy() {
    this.observer.disconnect();
    removeEventListener("time-moved", this.redate);
  }

  /** One message is in the tab order; the arrow keys go from it to the others. */
  rove(row) {
    if (this.roving) this.roving.article.tabIndex = -1;
    this.roving = row;
    row.article.tabIndex = 0;
  }

  walk(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.classList.contains("message")) return;
    const next = this.rows.get(this.order[this.order.indexOf(event.target.dataset.ts) + step]);
    if (!next) return;
    event.preventDefault();
    this.rove(next);
    next.article.focus();
  }

  /** True while the end is to stay in view. A menu or picker that is open in the list holds it still: it must not slip away. */
  follows() {
    if (this.stuck && this.inner.querySelector("[aria-haspopup][aria-expanded='true']")) this.stuck = false;
    return this.stuck;
  }

  jump() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.lastTop = this.scroller.scrollTop;
  }

  toEnd() {
    this.stuck = true;
    this.unseen = 0;
    this.showPill();
    this.jump();
    this.seen();
  }

  seen() {
    const last = this.order.findLast((ts) => !this.rows.get(ts).message.ephemeral);
    if (this.stuck && last && !document.hidden) this.opts.seen?.(last);
  }

  scrolled() {
    const s = this.scroller;
    const atEnd = s.scrollHeight - s.scrollTop - s.clientHeight < NEAR_PX;
    // Only the reader leaves the end, by scrolling up: a message that grew meanwhile (a preview, an edit) does not.
    if (atEnd || s.scrollTop < this.lastTop) this.stuck = atEnd;
    this.lastTop = s.scrollTop;
    if (this.stuck && this.unseen) this.toEnd();
    if (s.scrollTop < 400 && this.more && !this.loading) this.loadOlder();
  }

  async loadOlder() {
    this.loading = true;
    await this.opts.older();
    this.loading = false;
  }

  showPill() {
    this.pill.hidden = this.unseen === 0;
    this.pill.replaceChildren(icon("down", 15), count(this.unseen, "new message", "new messages"));
  }

  /** Run a change; when the reader is not at the end, keep what they see where it is. */
  steady(change) {
    if (this.stuck || !this.order.length) return change();
    const top = this.scroller.getBoundingClientRect().top;
    const anchor = this.order.map((ts) => this.rows.get(ts)).find((row) => row.el.getBoundingClientRect().bottom > top);
    const before = anchor?.el.getBoundingClientRect().top;
    const result = change();
    if (anchor?.el.isConnected) this.scroller.scrollTop += anchor.el.getBoundingClientRect().top - before;
    return result;
  }

  place(ts) {
    let low = 0;
    let high = this.order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.order[middle] < ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  decorate(index) {
    const row = this.rows.get(this.order[index]);
    if (!row) return;
    const m = row.message;
    const before = this.rows.get(this.order[index - 1])?.message;
    const parent = this.opts.inThread && index === 0;
    const said = this.opts.inThread && index === 1 ? this.replyCount() : 0;
    const replies = said ? count(said, "reply", "replies") : null;
    const day = !before ? !this.opts.inThread : dayOf(before.ts) !== dayOf(m.ts) && !replies;
    const isNew = this.newFrom === m.ts;
    const close = before && m.ts.split(".")[0] - before.ts.split(".")[0] < GROUP_S;
    const grouped = Boolean(close && !day && !isNew && !replies && !parent && before.user === m.user
      && before.ephemeral === m.ephemeral && !m.subtype && !before.subtype && !m.broadcast && !m.blocks?.length);
    row.decorate({ day, isNew, grouped, replies });
  }

  /** What all see: an answer to one person only is no reply. */
  replyCount() {
    return this.order.slice(1).filter((ts) => !this.rows.get(ts).message.ephemeral).length;
  }

  insert(m) {
    const at = this.place(m.ts);
    const row = new Row(m, this.opts);
    const next = this.rows.get(this.order[at]);
    this.order.splice(at, 0, m.ts);
    this.rows.set(m.ts, row);
    this.inner.insertBefore(row.el, next ? next.el : null);
    if (!next && !this.roving?.article.contains(document.activeElement)) this.rove(row);
    this.decorate(at);
    this.decorate(at + 1);
    if (this.opts.inThread && at > 1) this.decorate(1);
    return at;
  }

  /** Show these messages, loaded together (oldest first). `newFrom` is where unread ones begin. */
  fill(messages, { newFrom = null, more = false } = {}) {
    for (const row of this.rows.values()) row.el.remove();
    this.rows.clear();
    this.order = [];
    this.newFrom = newFrom;
    this.setMore(more);
    for (const m of messages) this.insert(m);
    this.toEnd();
  }

  /** Put older ones above. */
  prepend(messages, more) {
    this.stuck = false;
    this.steady(() => { for (const m of messages) this.insert(m); this.setMore(more); });
  }

  setMore(more) {
    this.more = more;
    this.top.replaceChildren(more ? h("span", { class: "muted" }, "Loading older messages…") : this.opts.intro?.() || "");
  }

  /** A message that came live or changed. */
  upsert(m, { live = true } = {}) {
    const known = this.rows.get(m.ts);
    if (known) return void this.steady(() => known.update(m));
    if (this.more && this.order.length && m.ts < this.order[0]) return undefined;
    this.follows();
    const last = !this.order.length || m.ts > this.order.at(-1);
    const own = m.user === store.me.id;
    if (live && !own && document.hidden && !this.newFrom) this.newFrom = m.ts;
    if (last) this.insert(m);
    else this.steady(() => this.insert(m));
    if (!live) return undefined;
    if (own && last) return this.toEnd();
    if (this.stuck) { this.jump(); return this.seen(); }
    this.unseen += 1;
    return this.showPill();
  }

  remove(ts) {
    const row = this.rows.get(ts);
    if (!row) return;
    const at = this.order.indexOf(ts);
    this.order.splice(at, 1);
    this.rows.delete(ts);
    this.steady(() => row.el.remove());
    this.decorate(at);
    if (this.opts.inThread) this.decorate(1);
  }

  /** Scroll to a message and flash it. False when it is not loaded. */
  reveal(ts) {
    const row = this.rows.get(ts);
    if (!row) return false;
    this.stuck = false;
    row.el.scrollIntoView({ block: "center" });
    row.flash();
    return true;
  }

  oldest() {
    return this.order.find((ts) => !this.rows.get(ts).message.ephemeral) || null;
  }
}
