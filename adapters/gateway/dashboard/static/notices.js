// What users are told, of all sessions, newest first.

import { part } from "./detail.js";

const KEPT = 50;

export class Notices {
  #list = document.getElementById("notices");
  #empty = document.getElementById("notices-empty");
  #onSession;

  constructor(onSession) {
    this.#onSession = onSession;
  }

  add(notices) {
    this.#list.prepend(...notices.slice(-KEPT).map((notice) => this.#item(notice)).reverse());
    while (this.#list.children.length > KEPT) this.#list.lastChild.remove();
    this.#empty.hidden = this.#list.children.length > 0;
  }

  #item(notice) {
    const item = part("li", "notice");
    const when = part("time", "when", new Date(notice.at * 1000).toLocaleTimeString());
    const session = part("button", "link-like", notice.session);
    session.type = "button";
    session.addEventListener("click", () => this.#onSession(notice.session));
    const said = notice.says.replace(`session ${notice.session}: `, "").replace(`${notice.event}: `, "");
    item.append(when, " ", part("span", "badge", notice.event), " ", session, part("p", "", said));
    return item;
  }
}
