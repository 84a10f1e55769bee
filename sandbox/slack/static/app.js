/* The start of the page: read the state, draw the frame, follow the address bar, keep live.
 *
 * Addresses: ?user=U… is who one acts as; #name or #C… is the channel, #name/ts also opens a thread, #home the Home tab.
 */
import { h, iconButton, icon } from "./dom.js";
import { bootstrap, call, connect, wantedUser } from "./api.js";
import { controlsButton, controlsPanel, restoreControls } from "./controls.js";
import { leaveHome, openHome } from "./home.js";
import { sync as syncModals } from "./modal.js";
import { closePopover, toast } from "./overlay.js";
import { closeThread, leaveChannel, openChannel, openThread, placeTitle, refreshPanes, showMessage } from "./panes.js";
import { hashOf, sidebar } from "./sidebar.js";
import { emit, load, on, store } from "./store.js";

const BOOT_RETRY_MS = 1500;
const GAP_S = 1;

function themeButton() {
  const dark = () => document.documentElement.dataset.theme === "dark";
  const button = iconButton("moon", "Switch between dark and light", () => { dispatchEvent(new Event("toggle-theme")); draw(); });
  const draw = () => button.replaceChildren(icon(dark() ? "sun" : "moon"));
  draw();
  return button;
}

function frame() {
  const title = h("div", { class: "place-title" });
  const paintTitle = () => title.replaceChildren(...placeTitle().filter(Boolean));
  on("place", paintTitle);
  on("channel", paintTitle);
  const bar = h("header", { class: "pane-head main-head" },
    iconButton("menu", "Open navigation", () => document.body.classList.add("with-drawer"), { class: "icon-button drawer-open" }),
      title, controlsButton(), themeButton());
  return [sidebar(), h("div", { class: "scrim", onclick: () => document.body.classList.remove("with-drawer") }),
    h("main", { class: "main", id: "main" }, h("div", { class: "offline", role: "alert", id: "offline", hidden: true },
      "The connection to the sandbox was lost. Reconnecting…"), bar, h("div", { id: "main-body" })),
    h("div", { id: "side" }), controlsPanel()];
}

function findChannel(name) {
  const all = [...store.channels.values()];
  return store.channels.get(name) || all.find((c) => c.name === name);
}

function firstChannel() {
  const all = [...store.channels.values()].filter((c) => !c.is_archived);
  return all.find((c) => c.is_member && c.kind !== "im") || all[0];
}

function goHome() {
  leaveChannel();
  closeThread();
  store.place = { kind: "home" };
  emit("place");
  return openHome();
}

async function goChannel(channel, threadTs) {
  if (store.place?.id !== channel.id) {
    leaveHome();
    if (store.thread && store.thread.channel !== channel.id) closeThread();
    store.place = { kind: "channel", id: channel.id };
    emit("place");
    await openChannel(channel.id, !threadTs);
    if (channel.im_user === store.app.user_id) call("open_messages"); // Slack tells the app which of its tabs is looked at
  }
  if (threadTs) await openThread({ channel: channel.id, ts: threadTs });
}

async function follow() {
  document.body.classList.remove("with-drawer");
  closePopover();
  const [name, threadTs] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (name === "home" && store.app.home) return goHome();
  const channel = findChannel(name.replace(/^@/, "")) || firstChannel();
  return channel && goChannel(channel, threadTs);
}

/** A link to a message of this workspace is followed here: .../archives/C…/p1732480000000100. */
function followPermalink(event) {
  const anchor = event.target.closest?.("a[href]");
  const found = anchor && /\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})(?:.*thread_ts=([\d.]+))?/.exec(anchor.href);
  const channel = found && store.channels.get(found[1]);
  if (!channel) return;
  event.preventDefault();
  const go = async () => {
    await goChannel(channel);
    history.replaceState(null, "", hashOf(channel));
    await showMessage(channel.id, `${found[2]}.${found[3]}`, found[4]);
  };
  go();
}

async function afterGap() {
  const boot = await bootstrap();
  if (!boot.ok) return;
  load(boot);
  emit("place");
  syncModals();
  emit("home");
  await refreshPanes();
}

function watchSocket() {
  let timer = 0;
  on("socket", (up) => {
    clearTimeout(timer);
    const bar = document.getElementById("offline");
    if (up) bar.hidden = true;
    else timer = setTimeout(() => { bar.hidden = false; }, GAP_S * 1000);
  });
}

async function start() {
  const boot = await bootstrap();
  if (!boot.ok) {
    document.getElementById("boot").textContent = `${boot.error || "The sandbox is not ready yet."} ${wantedUser() ? "" : "Add ?user=… to the address to choose who you are. "}Trying again…`;
    return setTimeout(start, BOOT_RETRY_MS);
  }
  load(boot);
  document.getElementById("app").replaceChildren(...frame());
  watchSocket();
  connect(afterGap);
  addEventListener("hashchange", follow);
  document.addEventListener("click", followPermalink);
  document.addEventListener("keydown", (e) => { if (e.key === "Escape" && store.thread && !e.defaultPrevented) closeThread(); });
  on("toast", (f) => toast(f.text, f.level));
  restoreControls();
  await follow();
  return syncModals();
}

start();
