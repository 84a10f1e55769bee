/* "Sandbox controls": what a person can do to the world around the bot (a burst, a replay, a fault), by group. */
import { h, icon, iconButton } from "./dom.js";
import { call } from "./api.js";
import { busy } from "./elements.js";
import { confirmDialog } from "./overlay.js";
import { on, store } from "./store.js";

const KEY = "secbot-sandbox-controls";
const FLOATS_PX = 1600; // keep in sync with style.css

async function run(control, button, result) {
  const ask = control.danger && { title: { type: "plain_text", text: control.label },
    text: { type: "plain_text", text: control.help || "This changes the sandbox." },
    confirm: { type: "plain_text", text: control.label }, style: "danger" };
  if (ask && !(await confirmDialog(ask))) return;
  const done = busy(button);
  const answer = await call("control", { name: control.name });
  done();
  result.hidden = false;
  result.className = answer.ok ? "control-result" : "control-result error";
  result.textContent = answer.ok ? answer.text || "Done." : answer.error || "That did not work.";
}

function row(control) {
  const result = h("output", { class: "control-result", hidden: true });
  const button = h("button", { type: "button", class: control.danger ? "btn danger" : "btn",
    dataset: { testid: `control-${control.name}` }, onclick: () => run(control, button, result) },
    h("span", { class: "btn-label" }, control.label));
  return h("div", { class: "control" }, button, control.help && h("p", { class: "muted small" }, control.help), result);
}

function show(open) {
  document.body.classList.toggle("with-controls", open);
  document.getElementById("controls-toggle")?.setAttribute("aria-expanded", String(open));
}

/** Show or hide the panel; the choice is kept. */
function toggleControls(open = !document.body.classList.contains("with-controls")) {
  show(open);
  localStorage.setItem(KEY, open ? "open" : "closed");
}

/** The button that opens the panel. */
export function controlsButton() {
  return h("button", { type: "button", class: "btn quiet", id: "controls-toggle", "aria-expanded": "false",
    "aria-controls": "controls", title: "Sandbox controls", dataset: { testid: "controls-toggle" }, onclick: () => toggleControls() },
    icon("sliders", 16), h("span", { class: "wide-only" }, "Sandbox controls"));
}

/** The panel itself. */
export function controlsPanel() {
  const groups = new Map();
  for (const c of store.controls) groups.set(c.group || "Other", [...(groups.get(c.group || "Other") || []), c]);
  const body = groups.size ? [...groups].map(([name, list]) => h("details", { open: true, class: "control-group" },
    h("summary", {}, name, icon("chevron", 14)), list.map(row)))
    : h("p", { class: "muted pad" }, "This sandbox offers no controls.");
  return h("section", { class: "controls", id: "controls", role: "region", "aria-label": "Sandbox controls" },
    h("header", { class: "pane-head" }, h("h2", { class: "grow" }, "Sandbox controls"),
      iconButton("close", "Close controls", () => toggleControls(false))), h("div", { class: "controls-body" }, body));
}

// Where the panel floats it would cover a thread that opens.
on("thread", (thread) => { if (thread && innerWidth <= FLOATS_PX) show(false); });

/** Open the panel when it was open last time. */
export function restoreControls() {
  if (localStorage.getItem(KEY) === "open" && innerWidth > 1100) toggleControls(true);
}
