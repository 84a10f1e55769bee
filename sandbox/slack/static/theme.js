/* The colour theme, set before the page is drawn: the system's unless one was chosen. */
(() => {
  const KEY = "secbot-sandbox-theme";
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const show = () => { document.documentElement.dataset.theme = localStorage.getItem(KEY) || system(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  addEventListener("toggle-theme", () => {
    localStorage.setItem(KEY, document.documentElement.dataset.theme === "dark" ? "light" : "dark");
    show();
  });
  show();
})();
