/* The left side: workspace, channels, direct messages, the app's Home, who one acts as. */
import { avatar, h, icon, iconButton } from "./dom.js";
import { call } from "./api.js";
import { menu, toast } from "./overlay.js";
import { channelName, on, store, user } from "./store.js";

/** The address of a place, after "#". Direct messages go by id: their names are not unique. */
export function hashOf(c) {
  return `#${encodeURIComponent(c.kind === "im" ? c.id : c.name)}`;
}

function isCurrent(c) {
  return store.place?.kind === "channel" && store.place.id === c.id;
}

function channelRow(c) {
  const current = isCurrent(c);
  const unread = c.unread > 0 && !current;
  const badge = !current && c.mentions > 0 && h("span", { class: "badge", "aria-label": `${c.mentions} mentions` }, String(c.mentions));
  const look = c.kind === "im" ? avatar(user(c.im_user), 20) : icon(c.kind === "private" ? "lock" : "hash", 15);
  return h("li", {}, h("a", { href: hashOf(c), class: ["place", current && "current", unread && "unread",
    !c.is_member && c.kind !== "im" && "outside"].filter(Boolean).join(" "),
    "aria-current": current ? "page" : null, dataset: { testid: `channel-${c.name}`, unread: String(c.unread || 0) } }, look,
      h("span", { class: "place-name" }, channelName(c)), c.is_ext_shared && h("small", { class: "tag" }, "shared"), badge));
}

function section(title, rows, extra) {
  return h("section", {}, h("div", { class: "section-title" }, h("h2", {}, title), extra), h("ul", {}, rows));
}

function homeRow() {
  const current = store.place?.kind === "home";
  return h("li", {}, h("a", { href: "#home", class: current ? "place current" : "place", "aria-current": current ? "page" : null,
    dataset: { testid: "app-home" } },
    icon("home", 16), h("span", { class: "place-name" }, `${store.app.name} Home`)));
}

async function openDm(id) {
  const answer = await call("open_dm", { with: id });
  if (!answer.ok) return toast(answer.error || "That conversation could not be opened.", "error");
  const channel = typeof answer.channel === "string" ? store.channels.get(answer.channel) : answer.channel;
  if (channel) store.channels.set(channel.id, channel);
  location.hash = `#${typeof answer.channel === "string" ? answer.channel : channel.id}`;
  return undefined;
}

function newDmButton() {
  const have = new Set([...store.channels.values()].filter((c) => c.kind === "im").map((c) => c.im_user));
  const others = [...store.users.values()].filter((u) => !have.has(u.id) && !u.deleted && u.id !== store.me.id);
  const button = iconButton("reply", "New direct message", () => menu(button, "New direct message",
    others.slice(0, 30).map((u) => ({ label: u.real_name || u.name, description: u.title, run: () => openDm(u.id) }))),
    { class: "icon-button small", "aria-haspopup": "menu" });
  return others.length ? button : null;
}

const byName = (a, b) => channelName(a).localeCompare(channelName(b));

function status() {
  const lost = store.socket === false;
  const { connections } = store.status;
  const connected = store.status.connected && !lost;
  const name = store.app?.name || "secbot";
  const text = lost ? "sandbox not reachable" : store.status.connected === null ? `${name}: waiting` : connected
    ? `${name} connected (${connections})` : `${name} not connected`;
  return h("div", { class: connected ? "status on" : "status off", role: "status", dataset: { testid: "bot-status" } },
    h("i", { class: "dot", "aria-hidden": "true" }), text);
}

function switcher() {
  const people = [...store.users.values()].filter((u) => (!u.is_bot && !u.deleted) || u.id === store.me.id)
    .sort((a, b) => (a.real_name || a.name).localeCompare(b.real_name || b.name));
  const kind = (u) => (u.is_stranger ? " (other company)" : u.is_restricted ? " (guest)" : "");
  const select = h("select", { class: "input", id: "user-switch", dataset: { testid: "user-switch" }, onchange: () => {
    const to = new URL(location.href);
    to.searchParams.set("user", select.value);
    location.href = to.href;
  } }, people.map((u) => h("option", { value: u.id, selected: u.id === store.me.id }, `${u.real_name || u.name}${kind(u)}`)));
  return h("div", { class: "switcher" }, avatar(store.me, 32), h("div", { class: "grow" },
    h("label", { for: "user-switch" }, "Act as"), select));
}

function paint(root, lists) {
  const all = [...store.channels.values()].filter((c) => !c.is_archived || isCurrent(c));
  lists.replaceChildren(
    section("Channels", all.filter((c) => c.kind !== "im").sort(byName).map(channelRow)),
    section("Direct messages", all.filter((c) => c.kind === "im").sort(byName).map(channelRow), newDmButton()),
    ...(store.app?.home === false ? [] : [section("Apps", homeRow())]));
  root.querySelector(".status").replaceWith(status());
  const waiting = all.filter((c) => !isCurrent(c)).reduce((n, c) => n + (c.mentions || 0), 0);
  const here = store.place?.kind === "home" ? `${store.app.name} Home` : channelName(store.channels.get(store.place?.id));
  document.title = `${waiting ? `(${waiting}) ` : ""}${here} - secbot sandbox`;
}

/** The whole sidebar; it keeps itself up to date. */
export function sidebar() {
  // The place that one is at already is a choice, too: on a phone it closes the drawer.
  const chosen = (event) => event.target.closest("a") && document.body.classList.remove("with-drawer");
  const lists = h("nav", { class: "places", "aria-label": "Conversations", onclick: chosen });
  const root = h("aside", { class: "sidebar", id: "sidebar" },
    h("header", { class: "workspace" }, h("span", { class: "logo", "aria-hidden": "true" }, icon("shield", 20)),
      h("div", { class: "grow" }, h("div", { class: "workspace-name" }, store.team?.name || "Workspace"),
        h("div", { class: "product" }, "secbot sandbox")),
      iconButton("close", "Close navigation", () => document.body.classList.remove("with-drawer"), { class: "icon-button drawer-close" })),
    status(), lists, switcher());
  const again = () => paint(root, lists);
  for (const name of ["channel", "status", "socket", "place", "home"]) on(name, again);
  again();
  return root;
}
