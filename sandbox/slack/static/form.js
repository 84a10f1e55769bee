/* The values of the inputs of one message or view, as Slack's `state.values`, kept across re-renders.
 *
 * A value belongs to block_id + action_id: as long as both stay, what the user typed stays.
 */

const EMPTY = (v) => v === null || v === undefined || v === "" || (Array.isArray(v) && v.length === 0);

export class Form {
  #values = new Map();

  #key(blockId, actionId) {
    return JSON.stringify([blockId, actionId]);
  }

  /** The state object of an element, made from `initial` the first time it is seen. */
  init(blockId, actionId, initial) {
    const key = this.#key(blockId, actionId);
    const known = this.#values.get(key);
    if (!known || known.value.type !== initial.type) this.#values.set(key, { blockId, actionId, value: initial });
    return this.#values.get(key).value;
  }

  /** Take values the server already knows, after the page was loaded again. */
  seed(values) {
    for (const [blockId, actions] of Object.entries(values)) for (const [actionId,
      value] of Object.entries(actions)) this.set(blockId, actionId, value);
  }

  /** Keep a new value; `part` holds the changed fields, as in {selected_option: ...}. */
  set(blockId, actionId, part) {
    const key = this.#key(blockId, actionId);
    const known = this.#values.get(key);
    this.#values.set(key, { blockId, actionId, value: { ...(known?.value || {}), ...part } });
  }

  /** Forget what belongs to blocks that are gone. A block inside another one without an id of its own is "parent.index". */
  keepBlocks(ids) {
    for (const [key, { blockId }] of this.#values) {
      if (!ids.has(blockId) && !ids.has(blockId.replace(/\.\d+$/, ""))) this.#values.delete(key);
    }
  }

  /** `{block_id: {action_id: {...}}}` of everything. */
  values() {
    const out = {};
    for (const { blockId, actionId, value } of this.#values.values()) (out[blockId] ||= {})[actionId] = value;
    return out;
  }

  /** True when nothing was entered in the element of this block. */
  isEmpty(blockId) {
    for (const entry of this.#values.values()) {
      if (entry.blockId !== blockId) continue;
      const filled = Object.entries(entry.value).some(([k, v]) => k !== "type" && !EMPTY(v));
      if (filled) return false;
    }
    return true;
  }

  /** The value of the (only) element of an input block, or null. */
  of(blockId) {
    for (const entry of this.#values.values()) if (entry.blockId === blockId) return entry.value;
    return null;
  }
}

const MISSING = "Please complete this required field.";

function textProblem(element, text) {
  if (element.min_length && text.length < element.min_length) return `Please enter at least ${element.min_length} characters.`;
  if (element.max_length && text.length > element.max_length) return `Please enter at most ${element.max_length} characters.`;
  if (element.type === "email_text_input" && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return "Please enter a valid email address.";
  if (element.type === "url_text_input" && !/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(text)) return "Please enter a valid URL.";
  return null;
}

function numberProblem(element, text) {
  const number = Number(text);
  if (!Number.isFinite(number)) return "Please enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter a number of at least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter a number of at most ${element.max_value}.`;
  return null;
}

function problemOf(block, form) {
  if (form.isEmpty(block.block_id)) return block.optional ? null : MISSING;
  const { value } = form.of(block.block_id);
  if (typeof value !== "string") return null;
  return block.element.type === "number_input" ? numberProblem(block.element, value) : textProblem(block.element, value);
}

/** What the page itself refuses, as `{block_id: text}`: the same checks as Slack's client. */
export function checkInputs(blocks, form) {
  const errors = {};
  for (const block of blocks) {
    const problem = block.type === "input" && problemOf(block, form);
    if (problem) errors[block.block_id] = problem;
  }
  return errors;
}
