// The page: who listens to what. The gateway's answers are the only state; whatever happens, the page asks again.

import { Actions, agreed } from "./actions.js";
import { forgetKey, get, hasKey, onLocked, RefusedError, useKey } from "./api.js";
import { Detail } from "./detail.js";
import { Live } from "./live.js";
import { Notices } from "./notices.js";
import { SessionList } from "./sessions.js";
import { useShortcuts } from "./shortcuts.js";
import { nextTheme, themeOf, useTheme } from "./theme.js";
import { lasting, tick } from "./time.js";

const byId = (id) => document.getElementById(id);
const TYPING_MS = 120;
const STATUS_MS = 10_000;

const detail = new Detail();
const list = new SessionList({
  grid: byId("list"),
  body: byId("rows"),
  onSelect: (id) => choose(id),
  onChange: () => counted(),
});
const notices = new Notices((id) => choose(id));
const live = new Live({ onEvents: arrived, onState: linked });
const actions = new Actions(detail, () => everything());
const states = new Map();
let status = null;

/** At most one call at a time and each interval; calls in between become one more. */
function calmly(interval, ask) {
  let busy = false;
  let again = false;
  return async function calm() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      await ask();
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof TypeError)) throw error;
    }
    setTimeout(() => {
      busy = false;
      if (again) {
        again = false;
        calm();
      }
    }, interval);
  };
}

const renewDetail = calmly(250, () => detail.refresh());
const renewList = calmly(500, () => list.refresh());
const renewStatus = calmly(1000, showStatus);
const search = calmly(TYPING_MS, () => list.reload());

function everything() {
  renewStatus();
  renewList();
  renewDetail();
}

function choose(id) {
  list.select(id);
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  detail.id = id;
  renewDetail();
}

function arrived(batch) {
  if (batch.some((event) => event.kind === "dropped")) everything();
  const told = batch.filter((event) => event.kind === "notice");
  if (told.length > 0) notices.add(told);
  const own = batch.filter((event) => event.session === detail.id);
  const moved = own.findLast((event) => event.machine === "session" && event.before !== event.after);
  if (moved !== undefined) detail.light(moved.after, moved);
  if (own.length > 0 || batch.some((event) => event.machine === "cooldown")) renewDetail();
  if (batch.some((event) => event.machine === "session")) {
    renewList();
    renewStatus();
  }
}

function linked(state, wait = 0) {
  byId("link").dataset.state = state;
  byId("link-says").textContent = { connecting: "connecting", live: "live", lost: "not connected" }[state];
  byId("lost").hidden = state !== "lost";
  byId("lost-when").textContent = `Trying again in ${lasting(wait / 1000)}.`;
  if (state === "live") everything();
}

async function showStatus() {
  status = await get("/admin/status");
  byId("gateway").textContent = status.address;
  let total = 0;
  for (const [state, count] of Object.entries(status.sessions)) {
    total += count;
    stateButton(state).lastChild.textContent = count.toLocaleString();
  }
  stateButton("").lastChild.textContent = total.toLocaleString();
  counted();
  greet(total);
}

function counted() {
  const shown = `${list.length.toLocaleString()}${list.isWhole ? "" : "+"}`;
  byId("sessions-count").textContent = list.length === 0 && !filtered() ? "" : `${shown} shown`;
  const nobody = list.length === 0 && filtered();
  byId("list-empty").hidden = !nobody;
  if (nobody) byId("list-empty").textContent = "No session fits. Take the filter off to see all of them.";
  if (detail.id === null && list.first !== null) choose(list.first);
}

function filtered() {
  return list.filter.state !== "" || list.filter.contains !== "";
}

/** With no session there is nothing to look at: say how one begins. */
function greet(total) {
  const nothing = total === 0 && detail.session === null;
  byId("rooms").classList.toggle("nothing", nothing);
  byId("welcome").hidden = !nothing;
  if (!nothing) return;
  const base = `${location.origin}/v1`;
  byId("welcome-base").textContent = `OPENAI_BASE_URL=${base}\nOPENAI_API_KEY=none`;
  const body = JSON.stringify({ model: "default", messages: [{ role: "user", content: "Hello" }] });
  byId("welcome-curl").textContent = `curl ${base}/chat/completions -H 'X-Detent-Session: first' \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  byId("welcome-chains").textContent = Object.entries(status.chains)
    .map(([name, models]) => `${name}: ${models.join(" → ")}`)
    .join("; ");
}

function stateButton(state) {
  if (!states.has(state)) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.state = state;
    button.setAttribute("aria-pressed", String(list.filter.state === state));
    button.append(state === "" ? "all" : state, " ", document.createElement("b"));
    button.addEventListener("click", () => only(state));
    states.set(state, button);
    byId("states").append(button);
  }
  return states.get(state);
}

function only(state) {
  list.filter.state = state;
  for (const [each, button] of states) button.setAttribute("aria-pressed", String(each === state));
  search();
}

function open() {
  byId("door").hidden = true;
  byId("rooms").hidden = false;
  byId("leave").hidden = !hasKey();
  search();
  live.start();
}

function lock(why) {
  if (!byId("door").hidden && why === "") return;
  live.stop();
  byId("rooms").hidden = true;
  byId("leave").hidden = true;
  byId("door").hidden = false;
  byId("link").dataset.state = "connecting";
  byId("link-says").textContent = "locked";
  byId("lost").hidden = true;
  byId("door-wrong").textContent = why;
  byId("door-key").focus();
}

stateButton("");
useTheme(themeOf());
onLocked(lock);
byId("theme").addEventListener("click", nextTheme);
byId("full").addEventListener("click", () => {
  const full = byId("picture").classList.toggle("full");
  byId("full").setAttribute("aria-pressed", String(full));
});
byId("retry").addEventListener("click", () => live.hurry());
byId("help").addEventListener("click", () => agreed(byId("help-dialog")));
byId("contains").addEventListener("input", (event) => {
  list.filter.contains = event.target.value;
  search();
});
byId("door-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useKey(byId("door-key").value.trim());
  byId("door-key").value = "";
  open();
});
byId("leave").addEventListener("click", () => {
  forgetKey();
  location.reload();
});
useShortcuts({
  "/": ["find a session", () => byId("contains").focus()],
  j: ["the next session", () => list.step(1)],
  k: ["the one before", () => list.step(-1)],
  p: ["pin a model", () => actions.pin()],
  u: ["unpin", () => actions.unpin()],
  c: ["reconcile", () => actions.reconcile()],
  r: ["reset", () => actions.reset()],
  t: ["light, dark, or as the system has it", nextTheme],
  "?": ["this list", () => agreed(byId("help-dialog"))],
});
setInterval(() => {
  if (tick()) renewDetail();
}, 1000);
setInterval(renewStatus, STATUS_MS);
const wanted = decodeURIComponent(location.hash.slice(1));
if (wanted !== "") {
  detail.id = wanted;
  list.select(wanted);
}
open();
