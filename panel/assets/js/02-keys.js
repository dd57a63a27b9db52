// Keys: "/" and Ctrl-K search, "g" and a letter lead to a page, "?" lists them.
{
  let isGoing = false;
  const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key === "k") {
      e.preventDefault();
      document.querySelector("[data-search]")?.click();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
    if (isGoing) {
      isGoing = false;
      const entry = document.querySelector(`.sidebar [data-key="${CSS.escape(e.key)}"]`);
      if (entry) { e.preventDefault(); entry.click(); }
      return;
    }
    if (e.key === "/") { e.preventDefault(); document.querySelector("[data-search]")?.click(); }
    if (e.key === "g") { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); }
    if (e.key === "?") document.querySelector("[data-keys]")?.click();
  });
}
