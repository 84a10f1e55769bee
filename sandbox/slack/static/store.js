/* What the page knows: people, channels, messages, views. One place, changed by `apply`, watched with `on`.
 *
 * It holds no layout and talks to nobody; api.js feeds it, the panes read it.
 */

import { noteTime } from "./dates.js";

const listeners = new Map();

export const store = {
  team: null, me: null, app: null, commands: [], completions: [], shortcuts: [], controls: [], home: null, views: [],
  users: new Map(), channels: new Map(), usergroups: new Map(),
  messages: new Map(), // channel id -> Map(ts -> message), every message seen, thread replies too
  status: { connected: null, connections: 0 }, socket: null,
  place: null, // {kind: "channel", id} or {kind: "home"}
  thread: null, // {channel, ts}
};

/** Call `fn(data)` whenever `name` happens. Names are the frame types of PROTOCOL.md plus "place", "thread" and "socket". */
export function on(name, fn) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(fn);
}

/** Tell everybody who listens. */
export function emit(name, data) {
  for (const fn of listeners.get(name) || []) fn(data);
}

const byId = (list) => new Map((list || []).map((item) => [item.id, item]));

/** Take in a bootstrap answer. */
export function load(boot) {
  for (const key of ["team", "me", "app"]) store[key] = boot[key];
  for (const key of ["commands", "completions", "shortcuts", "controls", "views"]) store[key] = boot[key] || [];
  for (const key of ["users", "channels", "usergroups"]) store[key] = byId(boot[key]);
  store.home = boot.home || null;
  if (boot.status) store.status = boot.status;
}

/** The messages of a channel, kept by timestamp. */
export function messagesOf(channel) {
  if (!store.messages.has(channel)) store.messages.set(channel, new Map());
  return store.messages.get(channel);
}

/** True for what a channel shows outside a thread. */
export function isTopLevel(message) {
  return !message.thread_ts || message.thread_ts === message.ts || message.broadcast;
}

/** Remember messages that were loaded, without telling anybody. */
export function remember(messages) {
  for (const m of messages) {
    noteTime(m.ts);
    messagesOf(m.channel).set(m.ts, m);
  }
}

function keepView(view) {
  const at = store.views.findIndex((v) => v.id === view.id);
  if (at >= 0) store.views[at] = view;
  else store.views.push(view);
}

const REDUCERS = {
  message: (f) => remember([f.message]),
  message_changed: (f) => remember([f.message]),
  message_deleted: (f) => messagesOf(f.channel).delete(f.ts),
  channel: (f) => store.channels.set(f.channel.id, f.channel),
  view_opened: (f) => { store.views = [f.view]; },
  view_pushed: (f) => keepView(f.view),
  view_updated: (f) => (f.view.type === "home" ? (store.home = f.view) : keepView(f.view)),
  view_closed: (f) => { store.views = store.views.filter((v) => v.id !== f.view_id); },
  home: (f) => { store.home = f.view; },
  status: (f) => { store.status = { connected: f.connected, connections: f.connections || 0 }; },
};

/** One frame from the server: change the state, then tell. */
export function apply(frame) {
  const type = frame.type === "link" ? "status" : frame.type;
  REDUCERS[type]?.(frame);
  emit(type, frame);
}

/** The user, or a stand-in that shows the id. */
export function user(id) {
  return store.users.get(id) || { id, name: id || "unknown", real_name: id || "Unknown", title: "", color: "", is_bot: false };
}

/** The name shown for a user. */
export function userName(id) {
  const u = user(id);
  return u.real_name || u.name;
}

/** "#name" or the person of a direct message. */
export function channelName(channel) {
  if (!channel) return "unknown";
  return channel.kind === "im" ? userName(channel.im_user) : channel.name;
}
