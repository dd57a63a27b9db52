// What pages do beyond links and forms. Everything that is read, and every simple form, works without it.
{
  const on = (event, selector, act) => document.addEventListener(event, (e) => {
    const found = e.target instanceof Element ? e.target.closest(selector) : null;
    if (found) act(found, e);
  });
  const keep = (name, value) => {
    document.cookie = `${name}=${encodeURIComponent(value)}; path=/panel; max-age=31536000; samesite=lax`;
  };

  // Times are shown in the zone of the browser: the server learns it, and shows the page again if it did not know.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`xsender_zone=${encodeURIComponent(zone)}`)) keep("xsender_zone", zone);

  // Buttons that only a script can serve are hidden without one.
  document.documentElement.classList.add("scripted");

  // Of tabs that do not fit, that of this page is in sight.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

  on("click", "[data-copy]", async (button) => {
    await navigator.clipboard.writeText(button.dataset.copy);
    const use = button.querySelector("use");
    const before = use?.getAttribute("href");
    use?.setAttribute("href", before.replace(/#.*/, "#check"));
    button.setAttribute("aria-label", button.dataset.copied);
    setTimeout(() => use?.setAttribute("href", before), 1500);
  });

  // A row leads where its name does. Its text can be selected, and what else it holds works as it does elsewhere.
  const follow = (row, e) => {
    const link = row.querySelector("a.row");
    if (!link || e.target.closest("a, button, input, select, textarea, label, details") || String(getSelection())) return;
    if (e.button === 1 || e.ctrlKey || e.metaKey) open(link.href, "_blank", "noopener");
    else if (e.button === 0) link.click();
  };
  on("click", ".table tr", follow);
  on("auxclick", ".table tr", follow);

  on("click", "[data-close]", (button) => button.closest(button.dataset.close)?.remove());

  // A menu closes when something else is clicked or has the focus, or with Escape.
  for (const event of ["click", "focusin"]) document.addEventListener(event, (e) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(e.target)) menu.open = false;
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // A form whose choice takes effect at once.
  on("change", "[data-sends]", (field) => field.form.requestSubmit());

  // A button that may not be pressed twice.
  document.addEventListener("submit", (e) => {
    if (e.defaultPrevented) return;
    const button = e.submitter;
    if (button && !e.target.hasAttribute("data-again")) setTimeout(() => { button.disabled = true; });
  });
  addEventListener("pageshow", () => { for (const button of document.querySelectorAll("form button:disabled:not([data-off])")) button.disabled = false; });
}
