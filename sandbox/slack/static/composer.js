/* Where one types: Enter sends, Shift+Enter breaks the line, "/", "@" and "#" complete, ArrowUp brings the last commands back. */
import { h, iconButton } from "./dom.js";
import { call } from "./api.js";
import { encode, popupRow, suggestions } from "./completion.js";
import { menu, toast, uid } from "./overlay.js";
import { store } from "./store.js";

const HISTORY_KEY = "secbot-sandbox-history";
const drafts = new Map();

function history() {
  try { return JSON.parse(sessionStorage.getItem(HISTORY_KEY)) || []; } catch { return []; }
}

function keepInHistory(text) {
  sessionStorage.setItem(HISTORY_KEY, JSON.stringify([text, ...history().filter((t) => t !== text)].slice(0, 50)));
}

export class Composer {
  /** `opts`: {channel, thread?: ts, label, testid, broadcastLabel?, sent()} */
  constructor(opts) {
    this.opts = opts;
    this.key = `${opts.channel}/${opts.thread || ""}`;
    this.listId = uid("completion");
    this.back = -1;
    this.active = 0;
    this.found = null;
    this.area = h("textarea", { rows: 1, class: "composer-input", dataset: { testid: opts.testid }, "aria-label": opts.label,
      placeholder: opts.label, "aria-autocomplete": "list",
      "aria-controls": this.listId, spellcheck: "true", oninput: () => this.changed(), onkeydown: (e) => this.onKey(e),
        onblur: () => this.hide(), onclick: () => this.offer() });
    this.popup = h("div", { class: "completion", role: "listbox", id: this.listId, "aria-label": "Suggestions", hidden: true });
    this.sendButton = iconButton("send", "Send message", () => this.send(), { class: "icon-button send" });
    this.broadcast = opts.broadcastLabel && h("input", { type: "checkbox", id: uid("broadcast") });
    this.el = h("div", { class: "composer" }, this.popup, h("div", { class: "composer-box" }, this.area,
      h("div", { class: "composer-bar" }, this.shortcutButton(), iconButton("slash", "Slash command", () => this.type("/"),
        { class: "icon-button slash" }),
        this.broadcast && h("label", { class: "broadcast" }, this.broadcast, opts.broadcastLabel),
        h("span", { class: "tip" }, "Enter to send · Shift+Enter for a new line"), this.sendButton)));
    this.area.value = drafts.get(this.key) || "";
    this.sendButton.disabled = !this.area.value.trim();
    requestAnimationFrame(() => this.resize());
  }

  shortcutButton() {
    const globals = store.shortcuts.filter((s) => s.type === "global");
    if (!globals.length) return null;
    const button = iconButton("bolt", "Shortcuts", () => menu(button, "Shortcuts",
      globals.map((s) => ({ label: s.name, description: s.description, run: () => this.shortcut(s) })), "start"),
      { "aria-haspopup": "menu", dataset: { testid: "shortcuts" } });
    return button;
  }

  async shortcut(s) {
    const answer = await call("shortcut", { kind: "global", callback_id: s.callback_id });
    if (!answer.ok) toast(answer.error || "The app did not answer.", "error");
  }

  /** Put a text in, as if it was typed. */
  type(text) {
    this.area.value = text;
    this.area.focus();
    this.changed();
  }

  resize() {
    this.area.style.height = "auto";
    this.area.style.height = `${Math.min(this.area.scrollHeight, 260)}px`;
  }

  changed() {
    drafts.set(this.key, this.area.value);
    this.sendButton.disabled = !this.area.value.trim();
    this.resize();
    this.offer();
  }

  offer() {
    const { value, selectionStart, selectionEnd } = this.area;
    this.found = selectionStart === selectionEnd ? suggestions(value, selectionStart) : null;
    if (!this.found?.items.length) return this.hide();
    // Arguments are never taken by Enter unless one was chosen with the arrows: "/sec findings" must send "/sec findings".
    const exact = this.found.items[0].label === value.trim();
    this.active = this.found.kind === "argument" || exact ? -1 : 0;
    return this.draw();
  }

  draw() {
    this.popup.hidden = false;
    this.popup.dataset.testid = "completion";
    this.popup.replaceChildren(...this.found.items
      .map((item, i) => popupRow(item, i, this.active, (x) => this.pick(x), `${this.listId}-${i}`)));
    if (this.active >= 0) this.area.setAttribute("aria-activedescendant", `${this.listId}-${this.active}`);
    else this.area.removeAttribute("aria-activedescendant");
    this.popup.children[this.active]?.scrollIntoView({ block: "nearest" });
  }

  hide() {
    this.popup.hidden = true;
    delete this.popup.dataset.testid;
    this.popup.replaceChildren();
    this.area.removeAttribute("aria-activedescendant");
    this.found = null;
  }

  pick(item) {
    const { value, selectionStart } = this.area;
    const from = item.at ?? this.found.from;
    this.area.value = value.slice(0, from) + item.insert + value.slice(selectionStart);
    this.area.selectionStart = this.area.selectionEnd = from + item.insert.length;
    this.area.focus();
    this.changed();
  }

  onKey(event) {
    if (event.isComposing) return undefined;
    if (this.found && this.completionKey(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); return this.send(); }
    if (event.key === "ArrowUp" && (!this.area.value || this.back >= 0)) return this.recall(event, 1);
    if (event.key === "ArrowDown" && this.back >= 0) return this.recall(event, -1);
    this.back = -1;
    return undefined;
  }

  completionKey(event) {
    const { items } = this.found;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.back < 0) {
      this.active = this.active < 0 && step < 0 ? items.length - 1 : (this.active + step + items.length) % items.length;
      this.draw();
      return true;
    }
    if (event.key === "Tab" && !event.shiftKey) { this.pick(items[Math.max(0, this.active)]); return true; }
    if (event.key === "Enter" && !event.shiftKey && this.active >= 0) { this.pick(items[this.active]); return true; }
    if (event.key !== "Escape") return false;
    event.stopPropagation();
    this.hide();
    return true;
  }

  recall(event, step) {
    const past = history();
    const to = this.back + step;
    if (to >= past.length) return;
    event.preventDefault();
    this.back = Math.max(-1, to);
    this.area.value = this.back < 0 ? "" : past[this.back];
    this.area.selectionStart = this.area.selectionEnd = this.area.value.length;
    drafts.set(this.key, this.area.value);
    this.sendButton.disabled = !this.area.value.trim();
    this.resize();
    this.hide();
  }

  async send() {
    const typed = this.area.value.trim();
    if (!typed) return;
    const command = typed.startsWith("/");
    keepInHistory(typed);
    this.back = -1;
    this.type("");
    this.hide();
    const body = { channel: this.opts.channel, text: encode(typed, { command }) };
    if (this.opts.thread) Object.assign(body, { thread_ts: this.opts.thread, broadcast: Boolean(this.broadcast?.checked) });
    if (this.broadcast) this.broadcast.checked = false;
    this.opts.sent();
    this.el.classList.add("sending");
    const answer = await call("send", body);
    this.el.classList.remove("sending");
    if (answer.ok) return;
    toast(answer.error || "That could not be sent.", "error");
    if (!command && !this.area.value) this.type(typed);
  }
}
