// All sessions, however many: pages come from the gateway as they are wanted, and only rows in view are in the document.

import { get } from "./api.js";

const ROW_PX = 56;
const SPARE = 6; // rows kept ready above and below what is in view
const PAGE = 500;
const FRESH = 50; // the fewest rows that a refresh asks for

export class SessionList {
  #grid;
  #body;
  #onSelect;
  #onChange;
  #rows = [];
  #cursor = ""; // ask for the sessions after this id; null: there are no more
  #asked = 0; // which filter is the present one
  #loading = false;
  #slots = [];
  #drawing = false;
  #selected = null;

  filter = { state: "", contains: "" };

  constructor({ grid, body, onSelect, onChange }) {
    this.#grid = grid;
    this.#body = body;
    this.#onSelect = onSelect;
    this.#onChange = onChange;
    grid.addEventListener("scroll", () => this.#draw(), { passive: true });
    grid.addEventListener("keydown", (event) => this.#key(event));
    body.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.#go(Number(row.dataset.at));
    });
    new ResizeObserver(() => this.#draw()).observe(grid);
  }

  get length() {
    return this.#rows.length;
  }

  get isWhole() {
    return this.#cursor === null;
  }

  get first() {
    return this.#rows[0]?.id ?? null;
  }

  select(id) {
    this.#selected = id;
    this.#draw();
  }

  /** Begin anew, with the present filter. */
  async reload() {
    const asked = ++this.#asked;
    const page = await get("/admin/sessions", { ...this.filter, limit: PAGE });
    if (asked !== this.#asked) return;
    this.#rows = page.sessions;
    this.#cursor = page.after;
    this.#grid.scrollTop = 0;
    this.#changed();
  }

  /** Ask again for what is in view: sessions that have changed, begun, or fit the filter no more. */
  async refresh() {
    const asked = this.#asked;
    const [from, to] = this.#window();
    const after = from > 0 ? this.#rows[from - 1].id : "";
    const page = await get("/admin/sessions", { ...this.filter, after, limit: Math.max(FRESH, to - from) });
    if (asked !== this.#asked) return;
    const end = page.after === null ? this.#rows.length : this.#endOf(page.after, from);
    if (page.after === null || end === this.#rows.length) this.#cursor = page.after;
    this.#rows.splice(from, end - from, ...page.sessions);
    this.#changed();
  }

  /** Move by rows, and select where one comes to. */
  step(by) {
    const at = this.#rows.findIndex((row) => row.id === this.#selected);
    this.#go(Math.max(0, Math.min(this.#rows.length - 1, at + by)));
  }

  #endOf(id, from) {
    const same = this.#rows.findIndex((row, at) => at >= from && row.id === id);
    if (same >= 0) return same + 1;
    const behind = this.#rows.findIndex((row, at) => at >= from && row.id > id);
    return behind < 0 ? this.#rows.length : behind;
  }

  #changed() {
    this.#body.style.height = `${this.#rows.length * ROW_PX}px`;
    this.#grid.setAttribute("aria-rowcount", String(this.isWhole ? this.#rows.length + 1 : -1));
    this.#draw();
    this.#onChange();
  }

  async #more() {
    if (this.#loading || this.#cursor === null) return;
    this.#loading = true;
    const asked = this.#asked;
    try {
      const page = await get("/admin/sessions", { ...this.filter, after: this.#cursor, limit: PAGE });
      if (asked !== this.#asked) return;
      this.#rows.push(...page.sessions);
      this.#cursor = page.after;
      this.#changed();
    } finally {
      this.#loading = false;
    }
  }

  #window() {
    const first = Math.floor(this.#grid.scrollTop / ROW_PX);
    const shown = Math.ceil(this.#grid.clientHeight / ROW_PX);
    return [Math.max(0, first - SPARE), Math.min(this.#rows.length, first + shown + SPARE)];
  }

  #draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      const [from, to] = this.#window();
      this.#keepSlots(to - from);
      for (const slot of this.#slots) slot.wanted = false;
      for (let at = from; at < to; at += 1) this.#slots[at % this.#slots.length].show(at, this.#rows[at], this.#selected);
      for (const slot of this.#slots) slot.hideUnlessWanted();
      const active = this.#slots.find((slot) => slot.wanted && slot.isSelected);
      this.#grid.setAttribute("aria-activedescendant", active?.id ?? "");
      if (to > this.#rows.length - PAGE / 5) this.#more().catch(() => {});
    });
  }

  #keepSlots(wanted) {
    if (wanted <= this.#slots.length) return;
    for (const slot of this.#slots) slot.forget();
    while (this.#slots.length < wanted) {
      const slot = new Slot(this.#slots.length);
      this.#slots.push(slot);
      this.#body.append(slot.element);
    }
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.#grid.clientHeight / ROW_PX) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    const by = steps[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.step(by);
  }

  #go(at) {
    const row = this.#rows[at];
    if (row === undefined) return;
    const top = at * ROW_PX;
    const { scrollTop, clientHeight } = this.#grid;
    if (top < scrollTop) this.#grid.scrollTop = top;
    if (top + ROW_PX > scrollTop + clientHeight) this.#grid.scrollTop = top + ROW_PX - clientHeight;
    this.select(row.id);
    this.#onSelect(row.id);
  }
}

/** A row of the document, which shows one session after another. */
class Slot {
  #row = null;
  #cells = ["id", "state-name", "serving"].map((name) => {
    const cell = document.createElement("span");
    cell.className = name;
    cell.setAttribute("role", "gridcell");
    return cell;
  });

  wanted = false;
  isSelected = false;

  constructor(number) {
    this.id = `row-${number}`;
    this.element = document.createElement("div");
    this.element.id = this.id;
    this.element.className = "row";
    this.element.setAttribute("role", "row");
    this.element.append(...this.#cells);
  }

  show(at, row, selected) {
    this.wanted = true;
    const { element } = this;
    if (this.#row !== row) {
      const [id, state, serving] = this.#cells;
      id.textContent = row.id;
      id.title = row.id;
      state.textContent = row.state;
      state.dataset.state = row.state;
      serving.textContent = row.serving;
      this.#row = row;
    }
    if (element.dataset.at !== String(at)) {
      element.dataset.at = String(at);
      element.setAttribute("aria-rowindex", String(at + 2));
      element.style.transform = `translateY(${at * ROW_PX}px)`;
    }
    this.isSelected = row.id === selected;
    element.setAttribute("aria-selected", String(this.isSelected));
    element.hidden = false;
  }

  hideUnlessWanted() {
    if (!this.wanted) this.element.hidden = true;
  }

  forget() {
    this.#row = null;
  }
}
