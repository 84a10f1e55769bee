/* One message as a row: who, when, what, and what can be done with it.
 *
 * A `Row` keeps its nodes and changes them when the message changes, so an edit neither jumps nor loses what was chosen.
 */
import { avatar, count, h, icon, iconButton, link, safeUrl } from "./dom.js";
import { call } from "./api.js";
import { blockContext, image, renderBlocks } from "./blocks.js";
import { clock, dayLabel, fullDate, dateNode } from "./dates.js";
import { emoji } from "./emoji.js";
import { flatText, mrkdwn } from "./mrkdwn.js";
import { menu, toast } from "./overlay.js";
import { messagesOf, store, user, userName } from "./store.js";

const FLASH_MS = 1400;
const NAMED_COLORS = { good: "#2fa866", warning: "#e0a125", danger: "#e5484d" };
const QUICK = ["white_check_mark", "eyes", "+1"];

async function act(op, body) {
  const answer = await call(op, body);
  if (!answer.ok) toast(answer.error || "That did not work.", "error");
}

function fileNode(f) {
  if ((f.mimetype || "").startsWith("image/")) {
    return h("figure", { class: "image-block" }, h("figcaption", {}, link(f.url, f.title || f.name)),
      image({ image_url: f.url || f.thumb_url, alt_text: f.alt_txt || f.title || f.name }, "large"));
  }
  const size = f.size > 1048576 ? `${(f.size / 1048576).toFixed(1)} MB` : f.size > 1024 ? `${Math.round(f.size / 1024)} kB`
    : count(f.size || 0, "byte", "bytes");
  return h("a", { class: "file-card", title: `Download ${f.name}`, dataset: { testid: "file" }, href: safeUrl(f.url) || "#", target: "_blank", rel: "noopener", download: f.name }, icon("file", 24),
    h("span", {}, h("b", {}, f.title || f.name), h("small", {}, `${f.name} · ${size}`)));
}

function attachmentText(a) {
  return [
    a.author_name && h("div", { class: "muted" }, a.author_name),
    a.title && h("div", { class: "card-title" }, a.title_link ? link(a.title_link, mrkdwn(a.title)) : mrkdwn(a.title)),
    a.text && h("div", { class: "text" }, mrkdwn(a.text)),
    a.fields?.length > 0 && h("div", { class: "fields" }, a.fields
      .map((f) => h("div", { class: f.short ? "text" : "text wide" }, h("b", {}, f.title), h("br"), mrkdwn(String(f.value))))),
    a.image_url && image({ image_url: a.image_url, alt_text: a.fallback || "" }, "large"),
    (a.footer || a.ts) && h("div", { class: "muted small" }, a.footer, a.footer && a.ts && " · ",
      a.ts && dateNode(a.ts, "{date_short_pretty} {time}")),
  ];
}

function reactions(m) {
  if (!m.reactions?.length) return null;
  return h("div", { class: "reactions" }, m.reactions
    .map((r) => h("button", { type: "button", class: r.users.includes(store.me.id) ? "reaction mine" : "reaction",
    title: `${r.users.map(userName).join(", ")} reacted with :${r.name}:`,
      onclick: () => act("react", { channel: m.channel, ts: m.ts, name: r.name }) },
  emoji(r.name), h("span", {}, String(r.users.length)))));
}

function threadSummary(m, open) {
  if (!m.reply_count || m.ephemeral) return null;
  const faces = (m.reply_users || []).slice(0, 4).map((id) => avatar(user(id), 22));
  return h("button", { type: "button", class: "thread-summary", onclick: () => open(m) }, faces,
    h("b", {}, count(m.reply_count, "reply", "replies")), m.latest_reply && h("span", { class: "muted" }, "Last reply ",
      dateNode(m.latest_reply, "{ago}")));
}

function broadcastNote(m, opts) {
  if (!m.broadcast || !m.thread_ts || m.thread_ts === m.ts) return null;
  if (opts.inThread) return ["also sent to the channel"];
  const parent = messagesOf(m.channel).get(m.thread_ts);
  const about = (parent && flatText(parent.text || "").slice(0, 90)) || "a message";
  const open = () => opts.openThread({ ...m, ts: m.thread_ts });
  return ["replied to a thread: ", h("button", { type: "button", class: "link", onclick: open }, about)];
}

function shortcutItems(m) {
  return store.shortcuts.filter((s) => s.type === "message").map((s) => ({ label: s.name, description: s.description,
    run: () => act("shortcut", { kind: "message", callback_id: s.callback_id, channel: m.channel, ts: m.ts }) }));
}

function copyLink(m) {
  navigator.clipboard?.writeText(m.permalink).then(() => toast("Link copied."), () => toast(m.permalink));
}

function toolbar(m, opts) {
  if (m.ephemeral) return null;
  const more = iconButton("dots", "More message actions", () => menu(more, "Message actions", [...shortcutItems(m),
    ...(m.permalink ? [{ label: "Copy link", run: () => copyLink(m) }] : [])]), { class: "icon-button", "aria-haspopup": "menu",
    dataset: { testid: "message-menu" } });
  const quick = QUICK.map((name) => h("button", { type: "button", class: "icon-button", "aria-label": `React with ${name}`,
    title: `:${name}:`,
    onclick: () => act("react", { channel: m.channel, ts: m.ts, name }) }, emoji(name)));
  return h("div", { class: "toolbar", role: "group", "aria-label": "Message actions" }, quick,
    !opts.inThread && iconButton("reply", "Reply in thread", () => opts.openThread(m)), more);
}

const SYSTEM = new Set(["channel_join", "channel_leave", "channel_topic", "group_join", "bot_add"]);

export class Row {
  constructor(message, opts) {
    this.opts = opts;
    this.ctx = blockContext({ type: "message", channel: message.channel, ts: message.ts }, message.channel);
    this.attachments = [];
    this.before = h("div", { class: "before" });
    // Slots that keep their place: what did not change is never taken out, so it keeps the focus.
    for (const slot of ["gutter", "note", "head", "text", "blocks", "extra", "below"]) this[slot] = h("div", { class: slot });
    this.article = h("article", { class: "message", tabindex: -1, dataset: { testid: "message", ts: message.ts } }, this.gutter,
      h("div", { class: "content" }, this.note, this.head, this.text, this.blocks, this.extra, this.below), toolbar(message, opts));
    this.el = h("div", { class: "row", dataset: message.ephemeral ? { testid: "ephemeral" } : {} }, this.before, this.article);
    this.shape = "";
    this.update(message);
  }

  /** Show a message, or its new version. True when what it says changed. */
  update(message) {
    const content = JSON.stringify([message.text, message.blocks, message.attachments, message.files]);
    const changed = this.shape !== "" && this.shape !== content;
    this.shape = content;
    this.message = message;
    if (changed) this.flash();
    this.paint();
    return changed;
  }

  flash() {
    clearTimeout(this.flashTimer);
    this.article.classList.add("flash");
    this.flashTimer = setTimeout(() => this.article.classList.remove("flash"), FLASH_MS);
  }

  paint() {
    const m = this.message;
    for (const [name, on] of [["ephemeral", m.ephemeral], ["system", SYSTEM.has(m.subtype)], ["mentioned", this.mentionsMe()]]) {
      this.article.classList.toggle(name, Boolean(on));
    }
    this.article.setAttribute("aria-label", `${userName(m.user)}, ${clock(m.ts)}`);
    this.paintHead();
    this.paintBody();
    this.below.replaceChildren(...[reactions(m), !this.opts.inThread && threadSummary(m, this.opts.openThread)].filter(Boolean));
  }

  paintHead() {
    const m = this.message;
    const who = user(m.user);
    const title = fullDate(m.ts);
    const time = h("time", { class: "time", title, datetime: new Date(Number.parseFloat(m.ts) * 1000).toISOString() }, clock(m.ts));
    this.gutter.replaceChildren(avatar(who),
      h("span", { class: "gutter-time", "aria-hidden": "true", title }, clock(m.ts).replace(/ [AP]M/, "")));
    const onlyYou = m.ephemeral && [icon("eye", 14), "Only visible to you ·",
      h("button", { type: "button", class: "link", onclick: () => this.opts.dismiss(m) }, "Dismiss message")];
    this.note.replaceChildren(...(onlyYou || broadcastNote(m, this.opts) || []));
    this.note.classList.toggle("one-line", Boolean(m.broadcast));
    this.head.replaceChildren(h("b", { class: "name" }, userName(m.user)), who.is_bot ? h("b", { class: "app-tag" }, "APP") : "", time,
      m.edited && m.blocks?.length > 0 ? this.editedMark() : "");
  }

  editedMark() {
    const { edited } = this.message;
    return h("span", { class: "edited", title: fullDate(edited.ts || edited) }, "(edited)");
  }

  mentionsMe() {
    return this.message.user !== store.me.id && (this.message.text || "").includes(`<@${store.me.id}>`);
  }

  paintBody() {
    const m = this.message;
    const hasBlocks = m.blocks?.length > 0;
    this.text.hidden = hasBlocks || !m.text;
    this.text.replaceChildren(hasBlocks ? "" : mrkdwn(m.text), hasBlocks || !m.edited ? "" : this.editedMark());
    if (hasBlocks || this.blocks.childElementCount) renderBlocks(this.blocks, m.blocks || [], this.ctx);
    this.paintExtra(m.attachments || [], m.files || []);
  }

  /** Attachments (unfurls) and files; what did not change keeps its nodes. */
  paintExtra(attachments, files) {
    const key = JSON.stringify([attachments, files]);
    if (key === this.extraKey) return;
    this.extraKey = key;
    this.attachments = attachments.map((a, i) => this.attachment(a, this.attachments[i]));
    const nodes = [...this.attachments.map((kept) => kept.el), ...files.map(fileNode)];
    // Moving a node takes its focus: only what differs is put in or taken out.
    while (this.extra.childElementCount > nodes.length) this.extra.lastElementChild.remove();
    nodes.forEach((node, i) => {
      const there = this.extra.children[i];
      if (there !== node) { if (there) there.replaceWith(node); else this.extra.append(node); }
    });
  }

  attachment(a, known) {
    const color = NAMED_COLORS[a.color] || (/^#?[0-9a-f]{6}$/i.test(a.color || "") ? `#${a.color.replace("#", "")}` : "var(--line-strong)");
    const same = known && known.url === a.from_url && a.blocks?.length && known.blocks;
    const kept = same ? known : { url: a.from_url, blocks: Boolean(a.blocks?.length), body: h("div", { class: "attachment-body" }),
      ctx: blockContext(this.ctx.container, this.message.channel) };
    if (kept.blocks) renderBlocks(kept.body, a.blocks, kept.ctx);
    else kept.body.replaceChildren(...attachmentText(a).filter(Boolean));
    kept.el ||= h("div", { class: "attachment-wrap", dataset: { testid: a.is_app_unfurl ? "unfurl" : "attachment" } },
      a.pretext && h("div", { class: "text" }, mrkdwn(a.pretext)), h("div", { class: "attachment" }, kept.body),
      a.is_app_unfurl && h("div", { class: "added-by" }, `Added by ${store.app.name}`));
    kept.el.querySelector(".attachment").style.setProperty("--bar", color);
    return kept;
  }

  /** What stands above the row: a day, a "new" line; and whether it continues the one before. */
  decorate({ day, isNew, grouped, replies }) {
    const label = day && dayLabel(this.message.ts);
    const key = JSON.stringify([label, isNew, replies]);
    if (key !== this.decor) {
      this.decor = key;
      this.before.replaceChildren(
        label ? h("div", { class: "day", role: "separator", "aria-label": label }, h("span", {}, label)) : "",
        replies ? h("div", { class: "replies-line" }, h("span", {}, replies)) : "",
        isNew ? h("div", { class: "new-line", role: "separator", "aria-label": "New messages" }, h("span", {}, "New")) : "");
    }
    if (this.grouped !== grouped) {
      this.grouped = grouped;
      this.article.classList.toggle("grouped", grouped);
    }
  }
}
