// Parts of a page that change by themselves: the server names those that did, and htmx asks for them.
{
  const parts = () => [...document.querySelectorAll("[data-live]")];
  let stream = null;
  let listening = "";

  // Somebody reads the question of an open menu: its part changes once that is closed.
  const held = new WeakSet();
  const change = (part) => {
    const open = part.querySelector("details.menu[open]");
    if (!open) { part.dispatchEvent(new CustomEvent("changed")); return; }
    if (held.has(open)) return;
    held.add(open);
    open.addEventListener("toggle", () => { held.delete(open); change(part); }, { once: true });
  };

  const listen = () => {
    const topics = [...new Set(parts().map((part) => part.dataset.live))].sort();
    const wanted = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join("&");
    if (wanted === listening) return;
    stream?.close();
    stream = null;
    listening = wanted;
    if (!wanted || document.hidden) { listening = ""; return; }
    stream = new EventSource(`/panel/live?${wanted}`);
    stream.addEventListener("changed", (e) => {
      for (const part of parts()) if (part.dataset.live === e.data) change(part);
    });
  };

  addEventListener("DOMContentLoaded", listen);
  document.addEventListener("visibilitychange", listen);
  document.addEventListener("htmx:after:swap", listen);
  addEventListener("pagehide", () => stream?.close());
}
