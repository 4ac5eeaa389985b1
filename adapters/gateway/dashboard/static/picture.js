// The pictures of detent.diagrams, set into the page: the machine is fetched once, and lit anew with each decision.

import { text } from "./api.js";
import { themeOf } from "./theme.js";

/** An SVG document of the gateway as an element of this page. */
export function drawn(source) {
  const root = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
  const element = document.importNode(root, true);
  const theme = themeOf();
  if (theme !== "system") element.classList.add(theme);
  return element;
}

export class Picture {
  #host;
  #machine = null;
  #shown = "";

  constructor(host) {
    this.#host = host;
  }

  async load() {
    if (this.#machine !== null) return;
    this.#machine = drawn(await text("/dashboard/session.svg"));
    this.#machine.setAttribute("aria-describedby", "picture-says");
    this.#host.replaceChildren(this.#machine);
  }

  /** Light a state, and the row that fired last: its arrow, or its line in the state. */
  light(state, came) {
    const machine = this.#machine;
    if (machine === null) return;
    for (const lit of machine.querySelectorAll(".current, .last, .lit")) lit.classList.remove("current", "last", "lit");
    const card = machine.querySelector(`[id="session-state-${state}"]`);
    card?.classList.add("current");
    if (state !== this.#shown) this.#bringIntoView(card);
    this.#shown = state;
    if (came === null || came.row === "") return;
    for (const words of machine.querySelectorAll("[data-rows]")) {
      if (!words.dataset.rows.split("; ").includes(came.row)) continue;
      const edge = words.closest(".edge");
      const note = words.closest(".note");
      if (!startsIn(edge ?? words.closest(".state, .panel"), came.before)) continue;
      words.classList.add("lit");
      (edge ?? note)?.classList.add("last");
    }
    for (const edge of machine.querySelectorAll(".edge.last")) edge.parentNode.insertBefore(edge, firstState(machine));
  }

  /** Where the picture is wider than its room, move it; the page itself stays where it is. */
  #bringIntoView(card) {
    const room = this.#host.getBoundingClientRect();
    const box = card?.getBoundingClientRect();
    if (box === undefined || (box.left >= room.left && box.right <= room.right)) return;
    this.#host.scrollLeft += box.left + box.width / 2 - (room.left + room.width / 2);
  }
}

function startsIn(part, state) {
  const { from, state: own, states } = part.dataset;
  return (from ?? own ?? states).split(" ").includes(state);
}

function firstState(machine) {
  return machine.querySelector(".state");
}
