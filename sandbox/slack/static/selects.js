/* Select menus of Block Kit: static, external, users, conversations and channels, each single or multiple, with search.
 *
 * One widget, a table of sources. A choice is an option object (static, external) or an id (the rest).
 */
import { avatar, h, icon, plain } from "./dom.js";
import { closePopover, popover, uid } from "./overlay.js";
import { flatText, textNode } from "./mrkdwn.js";
import { channelName, store, user } from "./store.js";
import { actionId } from "./elements.js";

const optionItem = (option) => ({ key: option.value, search: flatText(plain(option.text)), label: () => textNode(option.text),
  note: option.description && (() => textNode(option.description)), value: option });

const userItem = (u) => ({ key: u.id, search: `${u.real_name} ${u.name}`, value: u.id,
  label: () => h("span", { class: "with-avatar" }, avatar(u, 20), u.real_name || u.name,
    u.is_bot && h("b", { class: "app-tag" }, "APP")) });

const channelItem = (c) => ({ key: c.id, search: channelName(c), value: c.id,
  label: () => h("span", { class: "with-avatar" }, icon(c.kind === "private" ? "lock" : c.kind === "im" ? "reply" : "hash", 15),
    channelName(c)) });

const live = (channels) => channels.filter((c) => !c.is_archived);

function conversations(filter) {
  const kinds = { public: "channel", private: "private", im: "im" };
  const wanted = filter?.include?.map((k) => kinds[k]).filter(Boolean);
  return live([...store.channels.values()]).filter((c) => (!wanted || wanted.includes(c.kind))
    && !(filter?.exclude_external_shared_channels && c.is_ext_shared)
    && !(filter?.exclude_bot_users && c.kind === "im" && user(c.im_user).is_bot));
}

const groupsOf = (answer) => (answer.option_groups?.length
  ? answer.option_groups.map((g) => ({ label: flatText(plain(g.label)), items: g.options.map(optionItem) }))
  : [{ label: null, items: (answer.options || []).map(optionItem) }]);
const one = (items) => [{ label: null, items }];

// What is offered, by kind of select: a list of groups, or for external ones a question to the app.
const SOURCES = {
  static: (element) => groupsOf(element),
  users: () => one([...store.users.values()].filter((u) => !u.deleted).map(userItem)),
  conversations: (element) => one(conversations(element.filter).map(channelItem)),
  channels: () => one(live([...store.channels.values()]).filter((c) => c.kind === "channel").map(channelItem)),
};
// Name of the value in the state and in the action; "s" is added for multiple ones.
const FIELDS = { static: "option", external: "option", users: "user", conversations: "conversation", channels: "channel" };
const NOUNS = { static: "an option", external: "an option", users: "a person", conversations: "a conversation", channels: "a channel" };

function itemOf(kind, value) {
  if (FIELDS[kind] === "option") return optionItem(value);
  if (kind === "users") return userItem(user(value));
  return channelItem(store.channels.get(value) || { id: value, name: value, kind: "channel" });
}

function describe(element) {
  const multi = element.type.startsWith("multi_");
  const kind = element.type.replace("multi_", "").replace("_select", "");
  const suffix = multi ? "s" : "";
  return { kind, multi, field: `selected_${FIELDS[kind]}${suffix}`, initial: `initial_${FIELDS[kind]}${suffix}` };
}

function firstValues(element, about, ctx) {
  const given = element[about.initial];
  if (given) return about.multi ? given : [given];
  if (element.default_to_current_conversation && ctx.channel) return [ctx.channel];
  return [];
}

const shape = (about, values) => ({ [about.field]: about.multi ? values : values[0] || null });
const keyOf = (about, value) => (FIELDS[about.kind] === "option" ? value.value : value);

/** Ranks an item for a search: 0 starts with it, 1 contains it, null does not match. */
function rank(item, query) {
  const at = item.search.toLowerCase().indexOf(query);
  return at < 0 ? null : at === 0 ? 0 : 1;
}

function filtered(groups, query) {
  return groups.map((g) => ({ ...g, items: g.items.map((item) => [item, rank(item, query)]).filter(([, r]) => r !== null)
    .sort((a, b) => a[1] - b[1]).map(([item]) => item) })).filter((g) => g.items.length);
}

class Picker {
  constructor(node, element, about, ctx, block, chosen, onPick) {
    Object.assign(this, { node, element, about, ctx, block, chosen, onPick, active: 0, items: [], asked: 0 });
    this.listId = uid("listbox");
    const label = about.multi ? "Search options (several can be chosen)" : "Search options";
    this.search = h("input", { type: "text", class: "input", role: "searchbox", "aria-label": label, placeholder: "Search",
      autocomplete: "off",
      "aria-controls": this.listId, oninput: () => this.refresh(), onkeydown: (e) => this.key(e) });
    this.list = h("div", { class: "options", role: "listbox", id: this.listId, "aria-multiselectable": about.multi ? "true" : null });
    this.box = h("div", { class: "picker-box" }, this.search, this.list);
  }

  open(onClose) {
    this.handle = popover(this.node, this.box, { onClose });
    if (!this.handle) return;
    this.search.focus();
    this.refresh();
  }

  async refresh() {
    const query = this.search.value.trim().toLowerCase();
    if (this.about.kind !== "external") return this.show(query ? filtered(SOURCES[this.about.kind](this.element), query)
      : SOURCES[this.about.kind](this.element));
    const least = this.element.min_query_length ?? 3;
    if (query.length < least) return this.say(`Type at least ${least} character${least === 1 ? "" : "s"}`);
    const turn = (this.asked += 1);
    this.say("Searching…");
    await new Promise((done) => setTimeout(done, 180));
    if (turn !== this.asked) return;
    const answer = await this.ctx.suggest(this.block, this.element, this.search.value.trim());
    if (turn === this.asked) this.show(groupsOf(answer));
  }

  say(text) {
    this.items = [];
    this.list.replaceChildren(h("p", { class: "muted", role: "status" }, text));
    this.handle?.place();
  }

  show(groups) {
    this.groups = groups;
    this.items = groups.flatMap((g) => g.items).slice(0, 300);
    if (!this.items.length) return this.say("No results");
    this.active = Math.min(this.active, this.items.length - 1);
    let index = 0;
    this.list.replaceChildren(...groups.map((g) => h("div", { role: g.label ? "group" : "presentation", "aria-label": g.label },
      g.label && h("div", { class: "group-label", "aria-hidden": "true" }, g.label),
      g.items.slice(0, 300).map((item) => this.row(item, index++)))));
    this.mark();
    this.handle?.place();
  }

  row(item, index) {
    const on = this.chosen.has(item.key);
    return h("div", { role: "option", class: "option", id: `${this.listId}-${index}`, "aria-selected": String(on), tabindex: -1,
      onclick: () => this.pick(item), onmousemove: () => { this.active = index; this.mark(); } },
    h("span", { class: "option-text" }, h("span", {}, item.label()), item.note && h("small", {}, item.note())), on && icon("check", 15));
  }

  mark() {
    this.list.querySelectorAll(".option").forEach((el, i) => el.classList.toggle("active", i === this.active));
    this.search.setAttribute("aria-activedescendant", `${this.listId}-${this.active}`);
  }

  pick(item) {
    this.onPick(item);
    if (this.about.multi) this.show(this.groups);
    else closePopover();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Tab") return closePopover();
    if (event.key === "Enter" && this.items[this.active]) { event.preventDefault(); return this.pick(this.items[this.active]); }
    if (!step || !this.items.length) return undefined;
    event.preventDefault();
    this.active = (this.active + step + this.items.length) % this.items.length;
    this.mark();
    this.list.querySelectorAll(".option")[this.active]?.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}

/** A select of any kind. */
export function select(element, block, ctx, field) {
  const about = describe(element);
  const id = actionId(element);
  const first = { type: element.type, ...shape(about, firstValues(element, about, ctx)) };
  const values = () => {
    const value = ctx.form.init(block.block_id, id, first)[about.field];
    return about.multi ? value || [] : value ? [value] : [];
  };
  const placeholder = plain(element.placeholder) || `Choose ${NOUNS[about.kind]}`;
  const shown = h("span", { class: "select-value" });
  const node = h("button", { type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox",
    "aria-expanded": "false", id: field?.id,
    "aria-describedby": field?.describedBy, dataset: { action: id } }, shown, icon("chevron", 15));
  const paint = () => {
    const items = values().map((v) => itemOf(about.kind, v));
    const text = items.map((i) => i.search).join(", ");
    // A combobox button's name is its label and its value: without a label the placeholder stands in.
    node.setAttribute("aria-label", field ? `${field.label}: ${text || placeholder}` : text ? `${placeholder}: ${text}` : placeholder);
    shown.classList.toggle("empty", !items.length);
    shown.replaceChildren(...(items.length ? items.map((i) => h("span", { class: about.multi ? "chip" : "" }, i.label())) : [placeholder]));
  };
  const save = (next) => { ctx.keep(block, element, shape(about, next)); paint(); };
  node.addEventListener("click", () => {
    const before = JSON.stringify(values());
    const chosen = new Set(values().map((v) => keyOf(about, v)));
    const pick = (item) => {
      const rest = values().filter((v) => keyOf(about, v) !== item.key);
      if (!about.multi) save([item.value]);
      else if (chosen.delete(item.key)) save(rest);
      else if (!element.max_selected_items || values().length < element.max_selected_items) { chosen.add(item.key); save([...values(), item.value]); }
    };
    new Picker(node, element, about, ctx, block, chosen, pick).open(() => {
      if (JSON.stringify(values()) !== before) ctx.change(block, element, shape(about, values()), node);
    });
  });
  paint();
  return node;
}
