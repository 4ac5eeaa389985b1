// Single keys that save a way, which whoever dictates or types by other means can switch off.

const KEY = "detent.shortcuts";
const byId = (id) => document.getElementById(id);

/** Each key with what it says in the list, and what it does. */
export function useShortcuts(shortcuts) {
  for (const [key, [says]] of Object.entries(shortcuts)) {
    const term = document.createElement("dt");
    const shown = document.createElement("kbd");
    shown.textContent = key;
    term.append(shown);
    const meaning = document.createElement("dd");
    meaning.textContent = says;
    byId("help-keys").append(term, meaning);
  }
  byId("help-on").checked = localStorage.getItem(KEY) !== "off";
  byId("help-on").addEventListener("change", (event) => localStorage.setItem(KEY, event.target.checked ? "on" : "off"));
  document.addEventListener("keydown", (event) => {
    if (!byId("help-on").checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog") || byId("rooms").hidden) return;
    const found = shortcuts[event.key];
    if (found === undefined) return;
    event.preventDefault();
    found[1]();
  });
}
