/* The two conversations on screen: the channel in the middle, the thread at its right.
 *
 * Each keeps a MessageList and a Composer; live frames come from the store and go to whichever pane shows them.
 */
import { avatar, h, icon, iconButton } from "./dom.js";
import { call } from "./api.js";
import { Composer } from "./composer.js";
import { MessageList } from "./list.js";
import { mrkdwn } from "./mrkdwn.js";
import { toast } from "./overlay.js";
import { channelName, emit, isTopLevel, messagesOf, on, remember, store, user } from "./store.js";

const PAGE = 50;
const READ_MS = 300;
// On a phone a focused input opens the keyboard: only the reader may ask for that.
const CAN_HOVER = matchMedia("(hover: hover)");
const DISMISSED_KEY = "secbot-sandbox-dismissed";
const dismissed = new Set(JSON.parse(sessionStorage.getItem(DISMISSED_KEY) || "[]"));
let channelPane = null;
let threadPane = null;

function channelIcon(c) {
  if (c.kind === "im") return avatar(user(c.im_user), 24);
  return icon(c.kind === "private" ? "lock" : "hash", 18);
}

function dismiss(message) {
  dismissed.add(message.ts);
  sessionStorage.setItem(DISMISSED_KEY, JSON.stringify([...dismissed].slice(-200)));
  messagesOf(message.channel).delete(message.ts);
  channelPane?.list.remove(message.ts);
  threadPane?.list.remove(message.ts);
}

function markReader(channel) {
  let timer = 0;
  let last = "";
  return (ts) => {
    if (ts <= last) return;
    last = ts;
    clearTimeout(timer);
    timer = setTimeout(() => call("mark_read", { channel, ts }), READ_MS);
  };
}

const shown = (m) => !dismissed.has(m.ts);

function intro(c) {
  if (c.kind === "im") return h("div", { class: "intro" }, avatar(user(c.im_user), 52), h("h3", {}, channelName(c)),
    h("p", {}, `This is the beginning of your direct messages with ${channelName(c)}.`));
  return h("div", { class: "intro" }, h("h3", {}, channelIcon(c), channelName(c)),
    h("p", {}, `This is the very beginning of #${channelName(c)}.`));
}

class ChannelPane {
  constructor(id) {
    this.id = id;
    const c = store.channels.get(id);
    this.list = new MessageList({ inThread: false, label: `Messages in ${channelName(c)}`, openThread, dismiss,
      intro: () => intro(store.channels.get(id)),
      older: () => this.older(), seen: markReader(id) });
    this.foot = h("div", { class: "foot" });
    this.el = h("div", { class: "pane" }, this.list.el, this.foot);
    this.paintFoot();
  }

  paintFoot() {
    const c = store.channels.get(this.id);
    const member = c.kind === "im" || c.is_member;
    const state = c.is_archived ? "archived" : member ? "open" : "outside";
    if (this.state === state) return;
    this.state = state;
    const name = c.kind === "im" ? channelName(c) : `#${channelName(c)}`;
    if (state === "open") this.foot.replaceChildren((this.composer = new Composer({ channel: this.id, label: `Message ${name}`,
      testid: "composer", sent: () => this.list.toEnd() })).el);
    else this.foot.replaceChildren(h("div", { class: "join" }, h("span", {},
      state === "archived" ? `${name} is archived.` : `You are looking at ${name}.`),
      state === "outside" && h("button", { type: "button", class: "btn primary-fill", onclick: () => this.join() }, "Join channel")));
  }

  async join() {
    const answer = await call("join", { channel: this.id });
    if (!answer.ok) return toast(answer.error || "You cannot join.", "error");
    store.channels.get(this.id).is_member = true;
    return this.paintFoot();
  }

  async start() {
    const c = store.channels.get(this.id);
    const answer = await call("history", { channel: this.id, limit: PAGE });
    if (!answer.ok) return toast(answer.error || "The history could not be read.", "error");
    remember(answer.messages);
    // What only this user sees lives in the page, not in the history.
    const oldest = answer.messages[0]?.ts || "";
    const own = [...messagesOf(this.id).values()].filter((m) => m.ephemeral && isTopLevel(m) && (!answer.has_more || m.ts > oldest));
    const all = [...new Map([...own, ...answer.messages].map((m) => [m.ts, m])).values()].filter(shown)
      .sort((a, b) => (a.ts < b.ts ? -1 : 1));
    const first = c.unread > 0 && all.find((m) => m.ts > (c.last_read || "") && m.user !== store.me.id);
    this.list.fill(all, { newFrom: first && first !== all[0] ? first.ts : null, more: answer.has_more });
    return answer;
  }

  async older() {
    const before = this.list.oldest();
    const answer = await call("history", { channel: this.id, before, limit: PAGE });
    if (!answer.ok) return toast(answer.error || "Older messages could not be read.", "error");
    remember(answer.messages);
    return this.list.prepend(answer.messages, answer.has_more);
  }

  async refresh() {
    if (this.list.stuck) return void (await this.start());
    const answer = await call("history", { channel: this.id, limit: PAGE });
    if (!answer.ok) return;
    remember(answer.messages);
    for (const m of answer.messages) this.list.upsert(m, { live: false });
  }
}

class ThreadPane {
  constructor(channel, ts, close) {
    Object.assign(this, { channel, ts });
    const c = store.channels.get(channel);
    this.list = new MessageList({ inThread: true, label: "Thread", openThread, dismiss, older: async () => {} });
    const member = c.kind === "im" || c.is_member;
    const name = c.kind === "im" ? channelName(c) : `#${channelName(c)}`;
    this.composer = member && !c.is_archived && new Composer({ channel, thread: ts, label: "Reply…", testid: "thread-composer",
      broadcastLabel: `Also send to ${name}`, sent: () => this.list.toEnd() });
    this.el = h("section", { class: "thread", role: "complementary", "aria-label": "Thread" },
      h("header", { class: "pane-head" }, h("h2", {}, "Thread"), h("span", { class: "muted grow" }, name),
        iconButton("close", "Close thread", close)),
      this.list.el, this.composer && h("div", { class: "foot" }, this.composer.el));
  }

  async start() {
    const answer = await call("replies", { channel: this.channel, thread_ts: this.ts });
    if (!answer.ok) return toast(answer.error || "The thread could not be read.", "error");
    remember(answer.messages);
    const own = [...messagesOf(this.channel).values()].filter((m) => m.ephemeral && m.thread_ts === this.ts);
    const all = [...new Map([...own, ...answer.messages].map((m) => [m.ts, m])).values()].filter(shown)
      .sort((a, b) => (a.ts < b.ts ? -1 : 1));
    return this.list.fill(all);
  }

  holds(m) {
    return m.channel === this.channel && (m.ts === this.ts || m.thread_ts === this.ts);
  }
}

const main = () => document.getElementById("main-body");
const side = () => document.getElementById("side");

/** Show a channel; `focus` puts the caret in the composer. */
export async function openChannel(id, focus = true) {
  channelPane?.list.destroy();
  channelPane = new ChannelPane(id);
  main().replaceChildren(channelPane.el);
  if (focus && CAN_HOVER.matches) channelPane.composer?.area.focus({ preventScroll: true });
  await channelPane.start();
}

/** Take the channel away (for the Home tab). */
export function leaveChannel() {
  channelPane?.list.destroy();
  channelPane = null;
}

/** Show the thread of a message. */
export async function openThread(m, focus = true) {
  threadPane?.list.destroy();
  const ts = m.thread_ts && m.thread_ts !== m.ts ? m.thread_ts : m.ts;
  store.thread = { channel: m.channel, ts };
  threadPane = new ThreadPane(m.channel, ts, closeThread);
  side().replaceChildren(threadPane.el);
  document.body.classList.add("with-thread");
  emit("thread", store.thread);
  if (focus && threadPane.composer && CAN_HOVER.matches) threadPane.composer.area.focus({ preventScroll: true });
  await threadPane.start();
}

/** Close the thread pane, if one is open. */
export function closeThread() {
  if (!threadPane) return;
  threadPane.list.destroy();
  threadPane = null;
  store.thread = null;
  side().replaceChildren();
  document.body.classList.remove("with-thread");
  emit("thread", null);
}

/** Read again what may have been missed. */
export async function refreshPanes() {
  await channelPane?.refresh();
  if (!threadPane) return;
  const answer = await call("replies", { channel: threadPane.channel, thread_ts: threadPane.ts });
  if (answer.ok) for (const m of answer.messages) threadPane.list.upsert(m, { live: false });
}

/** Show one message: scroll to it, or open its thread. */
export async function showMessage(channel, ts, threadTs) {
  if (threadTs && threadTs !== ts) {
    await openThread({ channel, ts: threadTs }, false);
    threadPane?.list.reveal(ts);
  } else if (!channelPane?.list.reveal(ts)) await openThread({ channel, ts }, false);
}

function arrived(m, live) {
  if (!shown(m)) return;
  if (channelPane?.id === m.channel && isTopLevel(m) && (live || channelPane.list.rows.has(m.ts))) channelPane.list.upsert(m, { live });
  if (threadPane?.holds(m)) threadPane.list.upsert(m, { live });
}

on("message", (f) => arrived(f.message, true));
on("message_changed", (f) => arrived(f.message, false));
on("message_deleted", (f) => {
  if (channelPane?.id === f.channel) channelPane.list.remove(f.ts);
  if (threadPane?.channel !== f.channel) return;
  if (threadPane.ts === f.ts) closeThread();
  else threadPane.list.remove(f.ts);
});
on("channel", (f) => { if (channelPane?.id === f.channel.id) channelPane.paintFoot(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) channelPane?.list.seen(); });

/** The heading of a place, for the bar above. */
export function placeTitle() {
  if (store.place?.kind === "home") return [avatar(user(store.app.user_id), 24), h("h1", {}, store.app.name),
    h("span", { class: "muted topic" }, "Home")];
  const c = store.channels.get(store.place?.id);
  if (!c) return [h("h1", {}, "Nothing here")];
  return [channelIcon(c), h("h1", {}, channelName(c)), c.is_ext_shared && h("b", { class: "tag" }, "shared"),
    h("span", { class: "muted topic" }, c.topic ? mrkdwn(c.topic) : "")];
}
