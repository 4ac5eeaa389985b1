// Decisions and notices as they are made, over a connection that is taken up again when it is lost.

import { events, RefusedError } from "./api.js";

const SILENCE_MS = 40_000; // the gateway shows life each 15 s
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

export class Live {
  #onEvents;
  #onState;
  #following = null;
  #hurry = () => {};

  /** onState is told "connecting", "live", or "lost" with the milliseconds until the next try. */
  constructor({ onEvents, onState }) {
    this.#onEvents = onEvents;
    this.#onState = onState;
  }

  start() {
    this.stop();
    this.#following = new AbortController();
    this.#follow(this.#following.signal);
  }

  stop() {
    this.#following?.abort();
    this.#following = null;
  }

  /** Try again at once. */
  hurry() {
    this.#hurry();
  }

  async #follow(signal) {
    let wait = FIRST_WAIT_MS;
    this.#onState("connecting");
    while (!signal.aborted) {
      try {
        await this.#listen(signal, () => {
          wait = FIRST_WAIT_MS;
          this.#onState("live");
        });
      } catch (error) {
        if (signal.aborted || (error instanceof RefusedError && [401, 403].includes(error.status))) return;
      }
      if (signal.aborted) return;
      this.#onState("lost", wait);
      await this.#pause(wait);
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
  }

  async #listen(signal, opened) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    let first = true;
    try {
      for await (const batch of events("/admin/tail", AbortSignal.any([signal, silence.signal]))) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        if (first) opened();
        first = false;
        if (batch.length > 0) this.#onEvents(batch);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #pause(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
