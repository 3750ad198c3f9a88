"""axe-core in a page: what it finds against WCAG 2.2 AA, one line for each."""

from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_COLOURS = ["color-contrast", "link-in-text-block"]
OF_WIDTHS = ["target-size", "scrollable-region-focusable"]
RUN = """(only) => axe.run(only.within || document, {
    resultTypes: ["violations"], preload: false,
    runOnly: {type: only.rules ? "rule" : "tag", values: only.rules || only.tags},
  }).then(found => found.violations.flatMap(rule => rule.nodes.map(node =>
    `${rule.id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} (${node.any.concat(node.all, node.none).map(c => c.message)[0]})`)))"""


def violations(page: Page, rules: list[str] | None = None, within: str | None = None) -> list[str]:
    """All rules, or those named, `within` a selector. The page's own policy holds meanwhile: what is evaluated is not part of the page."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(SOURCE)
    return list(page.evaluate(RUN, {"rules": rules, "tags": TAGS, "within": within}))
