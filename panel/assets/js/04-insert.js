// Values beside a form: a button puts one where the cursor stood last, as that field takes it.
{
  const takes = "form[data-inserts] :is(input.input, textarea.input)";
  let field = null;
  document.addEventListener("focusin", (e) => { if (e.target.matches?.(takes)) field = e.target; });
  document.addEventListener("click", (e) => {
    const button = e.target.closest?.("[data-insert]");
    if (!button) return;
    const known = field?.isConnected ? field : field?.name && document.querySelector(`form[data-inserts] [name="${CSS.escape(field.name)}"]`);
    const into = known || document.querySelector("form[data-inserts] textarea.input") || document.querySelector(takes);
    if (!into) return;
    const text = into.dataset.takes === "name" ? button.dataset.name : button.dataset.insert;
    into.focus();
    if (into.dataset.takes === "name") into.value = text;
    else into.setRangeText(text, into.selectionStart ?? into.value.length, into.selectionEnd ?? into.value.length, "end");
    into.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
