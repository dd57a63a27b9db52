// Keys: "/" and Ctrl-K search, "g" and a letter lead to a page, "?" lists them.
{
  let isGoing = false;
  const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]");
  const show = (id) => {
    const dialog = document.getElementById(id);
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    return true;
  };

  document.addEventListener("click", (e) => {
    if (e.target.closest?.("[data-search]") && !e.ctrlKey && !e.metaKey && show("palette")) e.preventDefault();
    if (e.target instanceof HTMLDialogElement) e.target.close();  // a click beside what it shows
  });

  document.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key === "k") {
      e.preventDefault();
      show("palette");
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || isTyping(e.target)) return;
    if (isGoing) {
      isGoing = false;
      const entry = document.querySelector(`.sidebar [data-key="${CSS.escape(e.key)}"]`);
      if (entry) { e.preventDefault(); entry.click(); }
      return;
    }
    if (e.key === "/" && show("palette")) e.preventDefault();
    if (e.key === "?" && show("keys")) e.preventDefault();
    if (e.key === "g") { isGoing = true; setTimeout(() => { isGoing = false; }, 1500); }
  });

  // In the palette the arrows move between what was found, and Enter takes the first.
  document.addEventListener("keydown", (e) => {
    const palette = e.target.closest?.("#palette");
    if (!palette) return;
    const hits = [...palette.querySelectorAll(".hit")];
    const at = hits.indexOf(document.activeElement);
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      const next = at + (e.key === "ArrowDown" ? 1 : -1);
      (hits[next] ?? palette.querySelector("input")).focus();
    }
    if (e.key === "Enter" && at < 0 && hits.length) { e.preventDefault(); hits[0].click(); }
  });
}
