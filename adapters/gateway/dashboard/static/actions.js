// What can be done with the session that is looked at, asked back where it matters.

import { get, post } from "./api.js";

const byId = (id) => document.getElementById(id);
const OTHER = "";

export class Actions {
  #detail;
  #onDone;

  constructor(detail, onDone) {
    this.#detail = detail;
    this.#onDone = onDone;
    for (const name of ["pin", "unpin", "reconcile", "reset"]) byId(name).addEventListener("click", () => this[name]());
    byId("pin-model").addEventListener("change", showOther);
  }

  async pin() {
    const { session, candidates } = this.#detail;
    if (session === null) return;
    const chains = Object.values((await get("/admin/status")).chains).flat();
    const models = [...new Set([...candidates.map((each) => each.model), ...chains])];
    const chosen = models.find((model) => model !== session.serving) ?? models[0];
    byId("pin-model").replaceChildren(...models.map((model) => new Option(model)), new Option("another model…", OTHER));
    byId("pin-model").value = session.pinned ?? chosen;
    byId("pin-strict").checked = session.strict === true;
    showOther();
    if (!(await agreed(byId("pin-dialog")))) return;
    const model = byId("pin-model").value || byId("pin-other").value.trim();
    await this.#do("pin", session.id, { model, strict: byId("pin-strict").checked || null });
  }

  async unpin() {
    const { session } = this.#detail;
    if (session !== null) await this.#do("unpin", session.id);
  }

  async reconcile() {
    const { session } = this.#detail;
    if (session !== null) await this.#do("reconcile", session.id);
  }

  async reset() {
    const { session } = this.#detail;
    if (session === null) return;
    byId("sure-title").textContent = `Reset ${session.id}?`;
    const pin = session.pinned === null ? "" : ` and the pin on ${session.pinned} is gone`;
    byId("sure-text").textContent = `It starts afresh on its primary${pin}. Turns in flight end as they would.`;
    byId("sure-yes").textContent = "Reset";
    if (await agreed(byId("sure-dialog"))) await this.#do("reset", session.id);
  }

  async #do(what, id, more = {}) {
    try {
      const done = await post(`/admin/${what}`, { id, ...more });
      toast(done.says.join(" ").replaceAll(" -> ", " → "), done.done);
    } catch (error) {
      toast(error.message, false);
    }
    this.#onDone();
  }
}

/** Tell what came of it, for a while. */
export function toast(words, good) {
  const shown = byId("toast");
  shown.textContent = words;
  shown.dataset.good = String(good);
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => {
    shown.textContent = "";
  }, 8000);
}

export function agreed(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

function showOther() {
  const other = byId("pin-model").value === OTHER;
  byId("pin-other-part").hidden = !other;
  byId("pin-other").required = other;
}
