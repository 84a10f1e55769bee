/* Emoji by Slack's names and by their characters.
 *
 * A table of names and characters; those that security messages use have a drawing of ours (drawings.js), whether they come as `:name:`
 * or as the character. An unknown name stays as typed (":name:"), it is never guessed; a character without a drawing stays text.
 */
import { ART, SAME } from "./drawings.js";
import { h, svg } from "./dom.js";

const TABLE = `
red_circle 🔴 large_red_circle 🔴 large_orange_circle 🟠 large_yellow_circle 🟡 large_green_circle 🟢 large_blue_circle 🔵 large_purple_circle 🟣
large_brown_circle 🟤 white_circle ⚪ black_circle ⚫ large_red_square 🟥 large_orange_square 🟧 large_yellow_square 🟨 large_green_square 🟩
large_blue_square 🟦 large_purple_square 🟪 large_brown_square 🟫 white_large_square ⬜ black_large_square ⬛ white_medium_square ◻️
black_medium_square ◼️ white_small_square ▫️ black_small_square ▪️ large_blue_diamond 🔷 large_orange_diamond 🔶 small_blue_diamond 🔹
small_orange_diamond 🔸 small_red_triangle 🔺 small_red_triangle_down 🔻 diamond_shape_with_a_dot_inside 💠
rotating_light 🚨 warning ⚠️ no_entry ⛔ no_entry_sign 🚫 octagonal_sign 🛑 construction 🚧 sos 🆘 exclamation ❗ heavy_exclamation_mark ❗
bangbang ‼️ question ❓ grey_question ❔ grey_exclamation ❕ interrobang ⁉️ radioactive_sign ☢️ biohazard_sign ☣️ zap ⚡ fire 🔥 boom 💥 bomb 💣
white_check_mark ✅ heavy_check_mark ✔️ ballot_box_with_check ☑️ x ❌ heavy_multiplication_x ✖️ negative_squared_cross_mark ❎
heavy_plus_sign ➕ heavy_minus_sign ➖ 100 💯 lock 🔒 unlock 🔓 closed_lock_with_key 🔐 lock_with_ink_pen 🔏 key 🔑 old_key 🗝️ shield 🛡️ crossed_swords ⚔️
mag 🔍 mag_right 🔎 bell 🔔 no_bell 🔕 loudspeaker 📢 mega 📣 mute 🔇 speaker 🔈 sound 🔉 loud_sound 🔊 eyes 👀 eye 👁️
hourglass ⌛ hourglass_flowing_sand ⏳ alarm_clock ⏰ stopwatch ⏱️ timer_clock ⏲️ watch ⌚ clock1 🕐 clock3 🕒 clock9 🕘 clock10 🕙 clock12 🕛
date 📅 calendar 📆 spiral_calendar_pad 🗓️ wrench 🔧 hammer 🔨 hammer_and_wrench 🛠️ screwdriver 🪛 gear ⚙️ nut_and_bolt 🔩 link 🔗 paperclip 📎 pushpin 📌
round_pushpin 📍 scissors ✂️ pencil 📝 memo 📝 pencil2 ✏️ clipboard 📋 page_facing_up 📄 page_with_curl 📃 bookmark_tabs 📑 file_folder 📁
open_file_folder 📂 card_index_dividers 🗂️ file_cabinet 🗄️ wastebasket 🗑️ package 📦 inbox_tray 📥 outbox_tray 📤 envelope ✉️ email 📧 e-mail 📧
incoming_envelope 📨 label 🏷️ bookmark 🔖 ledger 📒 books 📚 book 📖 newspaper 📰 scroll 📜 receipt 🧾
information_source ℹ️ bulb 💡 mailbox 📫 satellite 🛰️ satellite_antenna 📡 globe_with_meridians 🌐 earth_americas 🌎 earth_africa 🌍 earth_asia 🌏 cloud ☁️
sunny ☀️ partly_sunny ⛅ thunder_cloud_and_rain ⛈️ lightning 🌩️ snowflake ❄️ umbrella ☔ ocean 🌊 rainbow 🌈 new_moon 🌑 full_moon 🌕 star ⭐ star2 🌟
sparkles ✨ tada 🎉 trophy 🏆 medal 🏅 rocket 🚀 ship 🚢 airplane ✈️ ambulance 🚑 fire_engine 🚒 police_car 🚓 helicopter 🚁
computer 💻 desktop_computer 🖥️ keyboard ⌨️ floppy_disk 💾 cd 💿 minidisc 💽 electric_plug 🔌 battery 🔋 iphone 📱 phone ☎️ telephone_receiver 📞 pager 📟 fax 📠
chart_with_upwards_trend 📈 chart_with_downwards_trend 📉 bar_chart 📊 moneybag 💰 dollar 💵 credit_card 💳 bank 🏦 office 🏢 house 🏠 factory 🏭
robot_face 🤖 ghost 👻 skull 💀 skull_and_crossbones ☠️ alien 👽 space_invader 👾 bug 🐛 ant 🐜 bee 🐝 spider 🕷️ spider_web 🕸️ snail 🐌 turtle 🐢 octopus 🐙
whale 🐳 unicorn_face 🦄 dog 🐶 cat 🐱 bear 🐻 penguin 🐧 owl 🦉 baby_chick 🐤 herb 🌿 seedling 🌱 evergreen_tree 🌲 cactus 🌵 four_leaf_clover 🍀
thumbsup 👍 +1 👍 thumbsdown 👎 -1 👎 wave 👋 clap 👏 raised_hands 🙌 pray 🙏 ok_hand 👌 muscle 💪 point_up ☝️ point_down 👇 point_left 👈 point_right 👉
raised_hand ✋ hand ✋ raising_hand 🙋 v ✌️ handshake 🤝 writing_hand ✍️ bust_in_silhouette 👤 busts_in_silhouette 👥 cop 👮 detective 🕵️ guardsman 💂 zombie 🧟 ninja 🥷
smile 😄 grinning 😀 joy 😂 slightly_smiling_face 🙂 wink 😉 blush 😊 sunglasses 😎 thinking_face 🤔 neutral_face 😐 expressionless 😑 confused 😕 worried 😟
disappointed 😞 cry 😢 sob 😭 scream 😱 rage 😡 angry 😠 sweat 😓 sweat_smile 😅 sleeping 😴 zzz 💤 heart ❤️ broken_heart 💔 green_heart 💚
blue_heart 💙 yellow_heart 💛 purple_heart 💜 black_heart 🖤 coffee ☕ beer 🍺 pizza 🍕 cake 🎂 popcorn 🍿 doughnut 🍩 salt 🧂
arrow_right ➡️ arrow_left ⬅️ arrow_up ⬆️ arrow_down ⬇️ arrow_upper_right ↗️ arrow_lower_right ↘️ arrow_upper_left ↖️ arrow_lower_left ↙️
arrow_up_down ↕️ left_right_arrow ↔️ arrows_counterclockwise 🔄 arrows_clockwise 🔃 leftwards_arrow_with_hook ↩️ arrow_right_hook ↪️
arrow_forward ▶️ arrow_backward ◀️ arrow_up_small 🔼 arrow_down_small 🔽 fast_forward ⏩ rewind ⏪ arrow_double_up ⏫ arrow_double_down ⏬
repeat 🔁 black_square_for_stop ⏹️ double_vertical_bar ⏸️ black_right_pointing_double_triangle_with_vertical_bar ⏭️ record_button ⏺️ back 🔙 end 🔚 on 🔛 soon 🔜 top 🔝
one 1️⃣ two 2️⃣ three 3️⃣ four 4️⃣ five 5️⃣ six 6️⃣ seven 7️⃣ eight 8️⃣ nine 9️⃣ keycap_ten 🔟 ten 🔟 zero 0️⃣ hash #️⃣ 1234 🔢 abc 🔤 id 🆔 new 🆕 free 🆓 ok 🆗 up 🆙 cool 🆒
vs 🆚 parking 🅿️ copyright ©️ registered ®️ tm ™️ recycle ♻️ infinity ♾️ anchor ⚓ crystal_ball 🔮 test_tube 🧪 microscope 🔬 telescope 🔭
dart 🎯 game_die 🎲 jigsaw 🧩 thread 🧵 magnet 🧲 ladder 🪜 toolbox 🧰 fire_extinguisher 🧯 door 🚪 bricks 🧱 flag-us 🇺🇸 flag-eu 🇪🇺
checkered_flag 🏁 triangular_flag_on_post 🚩 white_flag 🏳️ black_flag 🏴 speech_balloon 💬 thought_balloon 💭 left_speech_bubble 🗨️ ticket 🎫 admission_tickets 🎟️
scales ⚖️ chains ⛓️ compass 🧭 world_map 🗺️ mantelpiece_clock 🕰️ candle 🕯️ flashlight 🔦 camera 📷 video_camera 📹 movie_camera 🎥 traffic_light 🚦 vertical_traffic_light 🚦
`;

const CHARS = new Map();
{
  const words = TABLE.trim().split(/\s+/);
  for (let i = 0; i + 1 < words.length; i += 2) CHARS.set(words[i], words[i + 1]);
}

const WIDTHS = { t: 0.9, m: 1.35 };
const WIDE = new Set(["x", "exclamation", "question", "heavy_check_mark", "heavy_multiplication_x", "white_check_mark"]);
const KEYCAPS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

function drawing(parts, wide) {
  const shapes = parts.map(([kind, color, d]) => svg("path", kind === "f" ? { d, fill: color }
    : { d, fill: "none", stroke: color, "stroke-width": WIDTHS[kind] || (wide ? 3 : 2), "stroke-linecap": "round",
      "stroke-linejoin": "round" }));
  return svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, ...shapes);
}

const artOf = (name) => ART[Object.hasOwn(SAME, name) ? SAME[name] : name];
const hasArt = (name) => Object.hasOwn(ART, name) || Object.hasOwn(SAME, name);
const drawn = (name) => hasArt(name) || KEYCAPS.includes(name);

/** True when the name is known. */
export function knownEmoji(name) {
  return CHARS.has(name) || hasArt(name);
}

/** The drawing; the character goes with it unseen, so that what is copied, searched or read by a test has it. */
function picture(name) {
  const label = `:${name}:`;
  const char = h("span", { class: "glyph" }, CHARS.get(name) || label);
  const props = { class: "emoji", role: "img", "aria-label": label, title: label };
  if (hasArt(name)) return h("span", props, drawing(artOf(name), WIDE.has(SAME[name] || name)), char);
  return h("span", { ...props, class: "emoji keycap", dataset: { digit: String(KEYCAPS.indexOf(name)) } }, char);
}

/** The node for `:name:`; an unknown name comes back as the text that was typed. */
export function emoji(name) {
  const base = name.replace(/::skin-tone-\d$/, "");
  if (drawn(base)) return picture(base);
  if (CHARS.has(base)) return h("span", { class: "emoji", role: "img", "aria-label": `:${base}:`, title: `:${base}:` }, CHARS.get(base));
  return document.createTextNode(`:${name}:`);
}

const COLOURED = "\uFE0F"; // asks for the picture of a character that is usually text
const bare = (char) => char.replaceAll(COLOURED, "");
const NAMES = new Map([...CHARS].reverse().filter(([name]) => drawn(name)).map(([name, char]) => [bare(char), name]));

function pattern(char) {
  const escaped = RegExp.escape ? RegExp.escape(char) : char.replace(/[#*]/g, "\\$&");
  if (/^.\u20E3$/u.test(char)) return `${char[0]}${COLOURED}?\u20E3`;
  return /^\p{Emoji_Presentation}/u.test(char) ? `${escaped}${COLOURED}?` : escaped + COLOURED;
}

// Not within a longer sequence (zero width joiner), not where text was asked for (U+FE0E).
const DRAWN = new RegExp(`(?<!\\u200D)((?:${[...NAMES.keys()].map(pattern).join("|")}))(?![\\u200D\\uFE0E])`, "u");

/** A text as a list of texts and drawings. */
export function drawEmoji(text) {
  return text.split(DRAWN).map((part, i) => (i % 2 ? picture(NAMES.get(bare(part))) : part)).filter((part) => part !== "");
}
