// Before the first paint: the choice of light or dark that this device remembers. Kept apart, so that it can block.
const THEME_KEY = "openmai-theme";

try {
  const chosen = localStorage.getItem(THEME_KEY);
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // Storage is switched off: the page follows the device.
}
