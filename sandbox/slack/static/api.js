/* The page's side of PROTOCOL.md: bootstrap, calls, the live socket.
 *
 * Every call has a time limit and answers an object with `ok`; a broken network is an answer too, never an exception.
 */
import { apply, emit, store } from "./store.js";

const CALL_MS = 15000;
const RETRY_MS = [300, 800, 1500, 3000];

/** The user this page acts as, from the address (null: the server chooses). */
export function wantedUser() {
  return new URLSearchParams(location.search).get("user");
}

async function request(path, options) {
  try {
    const response = await fetch(path, { ...options, signal: AbortSignal.timeout(CALL_MS) });
    const answer = await response.json();
    return answer.ok === undefined ? { ok: response.ok, ...answer } : answer;
  } catch (problem) {
    const text = problem.name === "TimeoutError" ? "The sandbox did not answer in time." : "The sandbox cannot be reached.";
    return { ok: false, error: text };
  }
}

/** Everything the page needs at the start. */
export function bootstrap() {
  const user = wantedUser();
  return request(`/_page/bootstrap${user ? `?user=${encodeURIComponent(user)}` : ""}`);
}

/** One act of the current user. Answers `{ok: true, ...}` or `{ok: false, error}`. */
export function call(op, body = {}) {
  const payload = JSON.stringify({ user: store.me.id, ...body });
  return request(`/_page/api/${op}`, { method: "POST", headers: { "content-type": "application/json" }, body: payload });
}

/** Keep the live socket open. `onGap` runs when it came back after a loss, so that what was missed is read again. */
export function connect(onGap) {
  let tries = 0;
  let lost = false;
  const open = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/_page/ws?user=${encodeURIComponent(store.me.id)}`);
    socket.onopen = () => {
      tries = 0;
      store.socket = true;
      emit("socket", true);
      if (lost) onGap();
      lost = false;
    };
    socket.onmessage = (event) => apply(JSON.parse(event.data));
    socket.onclose = () => {
      store.socket = false;
      lost = true;
      emit("socket", false);
      setTimeout(open, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]);
      tries += 1;
    };
  };
  open();
}
