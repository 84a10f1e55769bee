/* The `table` and `data_table` blocks. */
import { h, iconButton } from "./dom.js";
import { richText } from "./richtext.js";
import { plainInline } from "./mrkdwn.js";

function cellContent(cell) {
  if (!cell) return null;
  if (cell.type === "rich_text") return richText(cell);
  if (cell.type === "raw_number") return cell.text ?? new Intl.NumberFormat("en-US").format(cell.value);
  return plainInline(cell.text ?? "");
}

const isNumber = (cell) => cell?.type === "raw_number";

function tableRow(tagOf, settings) {
  return (row, rowIndex) => h("tr", {}, row.map((cell, i) => {
    const setting = settings?.[i] || {};
    const align = setting.align || (isNumber(cell) ? "right" : "left");
    const tag = tagOf(rowIndex, i);
    return h(tag, { class: `align-${align}${setting.is_wrapped ? " wrapped" : ""}`,
      scope: tag === "th" ? (rowIndex < 0 ? "col" : "row") : null }, cellContent(cell));
  }));
}

/** A table: the first row is its head, as Slack draws it. */
export function table(block) {
  const [head, ...body] = block.rows || [];
  const row = tableRow((r) => (r < 0 ? "th" : "td"), block.column_settings);
  return h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": "Table" },
    h("table", { class: "table" }, head && h("thead", {}, row(head, -1)), h("tbody", {}, body.map((r, i) => row(r, i)))));
}

function sortKey(cell) {
  if (isNumber(cell)) return cell.value;
  return h("div", {}, cellContent(cell)).textContent.toLowerCase();
}

function sorted(rows, sort) {
  if (!sort) return rows;
  const keyed = rows.map((row) => [sortKey(row[sort.column]), row]);
  keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * sort.direction);
  return keyed.map(([, row]) => row);
}

/** A data table: caption, sortable columns, pages. */
export function dataTable(block) {
  const [head = [], ...rows] = block.rows || [];
  const size = block.page_size || 5;
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const label = block.row_header_column_index ?? -1;
  const row = tableRow((r, i) => (i === label ? "th" : "td"));
  let page = 0;
  let sort = null;
  const body = h("tbody");
  const range = h("span", { class: "muted", role: "status" });
  const previous = iconButton("left", "Previous page", () => show(page - 1));
  const next = iconButton("right", "Next page", () => show(page + 1));
  const heads = head.map((cell, i) => h("th", { scope: "col", "aria-sort": "none",
    class: isNumber(rows[0]?.[i]) ? "align-right" : "align-left" },
    h("button", { type: "button", class: "sort", onclick: () => sortBy(i) }, cellContent(cell))));

  function show(to) {
    page = Math.max(0, Math.min(pages - 1, to));
    const from = page * size;
    body.replaceChildren(...sorted(rows, sort).slice(from, from + size).map((r, i) => row(r, i)));
    range.textContent = rows.length ? `${from + 1}–${Math.min(from + size, rows.length)} of ${rows.length}` : "no rows";
    previous.disabled = page === 0;
    next.disabled = page === pages - 1;
  }

  function sortBy(column) {
    sort = sort?.column === column ? { column, direction: -sort.direction } : { column, direction: 1 };
    heads.forEach((th, i) => th.setAttribute("aria-sort", i !== column ? "none" : sort.direction > 0 ? "ascending" : "descending"));
    show(0);
  }

  show(0);
  return h("figure", { class: "data-table" }, h("figcaption", {}, block.caption),
    h("div", { class: "table-wrap", tabindex: 0, role: "region", "aria-label": block.caption },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads)), body)),
    pages > 1 && h("div", { class: "pager" }, range, previous, next));
}
