// What is looked at on each page of ours, narrow and wide, light and dark.

import assert from "node:assert/strict";
import type { Page } from "playwright-core";

/** Contrast of a text with what is behind it (WCAG 2.2, 1.4.3). */
type Contrast = { text: string; ratio: number };

function contrasts(): Contrast[] {
  const parts = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const luminance = (color: string) => {
    const [r = 0, g = 0, b = 0] = parts(color).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element: Element | null): string => {
    if (!element) return "rgb(255, 255, 255)";
    const { backgroundColor } = getComputedStyle(element);
    return (parts(backgroundColor)[3] ?? 1) === 0 ? behind(element.parentElement) : backgroundColor;
  };
  const told: Contrast[] = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent?.trim() ?? "";
    if (!element || text === "") continue;
    const [light = 0, dark = 0] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a);
    told.push({ text, ratio: (light + 0.05) / (dark + 0.05) });
  }
  return told;
}

/** Asserts that a page can be read, reached and told apart, and keeps pictures of it. */
export async function look(page: Page, pictures: string, name: string): Promise<void> {
  for (const [width, colorScheme] of [[320, "dark"], [320, "light"], [1280, "light"]] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    // 1.4.10: nothing runs out of a narrow window.
    const runsOut = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(runsOut <= 0, `${name}: ${runsOut} px too wide at ${width}`);
    const told = await page.evaluate(contrasts);
    assert.ok(told.length >= 3, `${name}: there is something to read`);
    for (const { text, ratio } of told) assert.ok(ratio >= 4.5, `${name}, ${colorScheme}: ${ratio.toFixed(2)} for “${text}”`);
  }
  assert.match((await page.locator("html").getAttribute("lang")) ?? "", /^(vi|en)$/);
  assert.equal(await page.locator("h1").count(), 1, `${name}: one heading`);
  assert.match(await page.title(), / · Tiến độ$/);
  // 2.5.8: what is to be hit is large enough.
  for (const control of await page.locator("button, input:not([type=hidden])").all()) {
    const { height = 0, width = 0 } = (await control.boundingBox()) ?? {};
    assert.ok(height >= 24 && width >= 24, `${name}: ${width} x ${height}`);
  }
}

/** What a screen reader is told of the page. */
export function heard(page: Page): Promise<string> {
  return page.locator("main").ariaSnapshot();
}

/** Moves on with the Tab key until what has this name has the focus, and that can be seen (2.4.7). */
export async function tabTo(page: Page, role: "button" | "link" | "textbox", name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let steps = 0; steps < 20; steps += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) {
      const outline = await wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(outline, "none", `the focus on ${name} is not seen`);
      return;
    }
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${role} ${name}`);
}
