// The session that is looked at: where it stands, its chain, why, and its past.

import { get } from "./api.js";
import { drawn, Picture } from "./picture.js";
import { ends, lasting } from "./time.js";

const byId = (id) => document.getElementById(id);
const DECISIONS = 40;
const STATES = {
  available: "available",
  cooling: "in cooldown",
  due: "cooldown over, the next call is the probe",
  probing: "being probed",
};

export class Detail {
  #picture = new Picture(byId("picture"));
  #asked = 0;
  #timeline = "";
  #says = "";

  id = null;
  session = null;
  candidates = [];

  /** Look at another session. */
  async show(id) {
    if (this.id !== id) this.session = null;
    this.id = id;
    await this.refresh();
  }

  async refresh() {
    if (this.id === null) return;
    const asked = ++this.#asked;
    const [why, view] = await Promise.all([
      get("/admin/why", { id: this.id, last: DECISIONS }),
      get("/dashboard/session", { id: this.id }),
      this.#picture.load(),
    ]);
    if (asked !== this.#asked) return;
    const before = this.session;
    this.session = why.session;
    this.candidates = view.candidates;
    this.#head(before);
    this.light(why.session.state, view.came);
    this.#chain();
    this.#why(why.says);
    this.#past(view.timeline);
    byId("detail").hidden = false;
  }

  /** Light the picture; at once, when a decision arrives, before everything else is asked for again. */
  light(state, came) {
    this.#picture.light(state, came);
    const last = came === null ? "" : ` Last: ${this.#own(came.says)}`;
    byId("picture-says").textContent = `Now: ${state}.${last}`;
  }

  /** A decision of this session without its name, which stands above it. */
  #own(sentence) {
    const name = `session ${this.id}: `;
    return arrows(sentence.startsWith(name) ? sentence.slice(name.length) : sentence);
  }

  #head(before) {
    const { id, state, serving, home, pinned, suspended, turns } = this.session;
    byId("name").textContent = id;
    document.title = `${id} · ${state} · Detent`;
    byId("state").textContent = state;
    byId("state").dataset.state = state;
    const rest = serving === home ? "" : `, home is ${home}`;
    const pin = pinned === null ? "" : `, pinned to ${pinned}${suspended ? " (its provider is not configured)" : ""}`;
    const busy = turns === 0 ? "" : `, ${turns === 1 ? "a turn" : `${turns} turns`} in flight`;
    byId("serving").textContent = `${serving} serves${rest}${pin}${busy}`;
    byId("unpin").disabled = pinned === null;
    if (before !== null && before.state !== state) byId("said").textContent = `${id}: ${state}, ${serving} serves`;
  }

  #chain() {
    byId("chain-name").textContent = this.session.chain;
    byId("chain").replaceChildren(...this.candidates.map(candidate));
  }

  #why(says) {
    const now = says.join("\n");
    if (now === this.#says) return;
    this.#says = now;
    const items = [];
    for (const sentence of says) {
      if (sentence.startsWith("  ") && items.length > 0) items.at(-1).append(part("span", "fate", arrows(sentence)));
      else items.push(decision(sentence, this.#own(sentence)));
    }
    const empty = [part("li", "empty", "Nothing of its decisions is kept in memory any more.")];
    byId("why").replaceChildren(...(items.length > 0 ? items.reverse() : empty));
  }

  #past(timeline) {
    byId("timeline").hidden = timeline === "";
    byId("timeline-empty").hidden = timeline !== "";
    if (timeline === this.#timeline) return;
    this.#timeline = timeline;
    byId("timeline").replaceChildren(...(timeline === "" ? [] : [drawn(timeline)]));
    }
}

function candidate(each) {
  const item = part("li", "candidate");
  item.dataset.state = each.state;
  const name = part("div", "who");
  name.append(part("span", "model", each.credential === "" ? each.model : `${each.model}@${each.credential}`));
  if (each.serves) name.append(part("span", "badge serves", "serving"));
  if (each.home) name.append(part("span", "badge", "home"));
  const how = part("div", "how");
  how.append(part("span", "health", STATES[each.state]));
  if (each.left > 0) how.append(countdown(each.left));
  item.append(name, how);
  const facts = [
    each.reason,
    each.strikes > 0 ? `${each.strikes} ${each.strikes === 1 ? "strike" : "strikes"}` : "",
    each.hard ? "no last resort" : "",
    each.prober === "" ? "" : `turn ${each.prober.split(".").at(-1)} probes`,
    each.state === "available" ? "" : each.scope,
  ].filter((fact) => fact !== "");
  if (each.scope !== "" && facts.length > 0) item.append(part("div", "facts", facts.join(" · ")));
  return item;
}

function countdown(seconds) {
  const shown = part("time", "left", lasting(seconds));
  ends(shown, seconds);
  return shown;
}

function decision(sentence, says) {
  const [machine] = sentence.split(" ", 1);
  const item = part("li", "decision");
  const rest = says.startsWith(`${machine} `) ? says.slice(machine.length + 1) : says;
  item.append(part("span", "badge", machine), " ", part("span", "", rest));
  return item;
}

function arrows(sentence) {
  return sentence.replaceAll(" -> ", " → ");
}

export function part(kind, name, words = "") {
  const element = document.createElement(kind);
  if (name !== "") element.className = name;
  element.textContent = words;
  return element;
}
