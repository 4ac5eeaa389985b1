// Light, dark, or as the system has it: a class on the page's root and on each picture.

const KEY = "detent.theme";
const THEMES = { system: "Auto", light: "Light", dark: "Dark" };

export function themeOf() {
  const kept = localStorage.getItem(KEY);
  return kept in THEMES ? kept : "system";
}

export function useTheme(theme) {
  localStorage.setItem(KEY, theme);
  for (const root of document.querySelectorAll(".detent-page, .detent-machine, .detent-timeline")) {
    root.classList.remove("light", "dark");
    if (theme !== "system") root.classList.add(theme);
  }
  const button = document.getElementById("theme");
  button.textContent = THEMES[theme];
  button.setAttribute("aria-label", `Theme: ${THEMES[theme]}`);
}

export function nextTheme() {
  const names = Object.keys(THEMES);
  useTheme(names[(names.indexOf(themeOf()) + 1) % names.length]);
}
