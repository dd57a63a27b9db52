"""axe-core, from its npm package: what people with a screen reader, a keyboard or weak eyes cannot use."""

from pathlib import Path

from playwright.async_api import Page

_SCRIPT = Path(__file__).parent.parent / "gateways" / "peers" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async (contrast) => {
  const rules = {"color-contrast": {enabled: contrast}};
  const result = await window.axe.run(document, {resultTypes: ["violations"], rules});
  return result.violations.map((v) => [v.impact, v.id, v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")]);
}"""
_GRAVE = ("serious", "critical")


async def findings(page: Page, with_contrast: bool = True) -> list[str]:
    """What is grave."""
    await page.evaluate(_SCRIPT.read_text())
    return [
        f"{rule} at {where}" for impact, rule, where in await page.evaluate(_RUN, with_contrast) if impact in _GRAVE
    ]
