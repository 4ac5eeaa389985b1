// What the page asks the gateway, with the key of its visitor or the token of its page, always in a header.

const KEY = "detent.key";
const NAME = 'meta[name="detent-token"]';
let token = document.querySelector(NAME).content;
let locked = () => {};

export class RefusedError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Whom to tell that a key is needed; why another one, where one was shown. */
export function onLocked(tell) {
  locked = tell;
}

export function useKey(key) {
  sessionStorage.setItem(KEY, key);
}

export function forgetKey() {
  sessionStorage.removeItem(KEY);
}

export function hasKey() {
  return sessionStorage.getItem(KEY) !== null;
}

export async function get(path, asked = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== null && value !== ""));
  const response = await send(`${path}?${query}`, { signal });
  return response.json();
}

export async function text(path) {
  return (await send(path, {})).text();
}

export async function post(path, body) {
  const request = () => ({ method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  try {
    return await (await send(path, request())).json();
  } catch (error) {
    // The gateway may have been started anew, with another token, while this page stayed open.
    if (error.status !== 403 || hasKey() || !(await renewToken())) throw error;
    return (await send(path, request())).json();
  }
}

/** The events of a live view, in batches as they arrive; an empty batch is a sign of life. */
export async function* events(path, signal) {
  const response = await send(path, { signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    yield blocks.map(read).filter((event) => event !== null);
  }
}

function read(block) {
  const line = block.split("\n").find((each) => each.startsWith("data: "));
  return line === undefined ? null : JSON.parse(line.slice(6));
}

async function send(path, { headers = {}, ...request }) {
  const key = sessionStorage.getItem(KEY);
  const shown = key === null ? { "X-Detent-Token": token } : { Authorization: `Bearer ${key}` };
  const options = { cache: "no-store", credentials: "omit", redirect: "error" };
  const response = await fetch(path, { ...request, ...options, headers: { ...headers, ...shown } });
  if (response.ok) return response;
  const said = await response.json().catch(() => null);
  const message = said?.error?.message ?? said?.problems?.join("; ") ?? `the gateway says ${response.status}`;
  const error = new RefusedError(response.status, message);
  const shut = response.status === 401 || (response.status === 403 && key !== null);
  // Of several requests with a wrong key the first tells; of one that was replaced meanwhile nothing is told.
  if (shut && key === sessionStorage.getItem(KEY)) {
    forgetKey();
    locked(key === null ? "" : message);
  }
  throw error;
}

async function renewToken() {
  const page = new DOMParser().parseFromString(await (await fetch("/", { cache: "no-store" })).text(), "text/html");
  const fresh = page.querySelector(NAME)?.content ?? "";
  const renewed = fresh !== "" && fresh !== token;
  if (renewed) token = fresh;
  return renewed;
}
