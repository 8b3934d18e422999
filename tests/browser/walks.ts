// People with a browser: on our pages, and from a front end of others and back. They have a keyboard and no mouse.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test, { after, before } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { serve } from "./front_end.js";
import { heard, look, tabTo } from "./look.js";

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const issuer = setting("ISSUER");
const back = setting("APP_BACK");
const pictures = setting("PICTURES");
const NEW = "ba con trâu gặm cỏ ven đê";
let browser: Browser;

before(async () => {
  await serve(new URL(back).origin, setting("TLS"), { issuer, client: setting("APP_ID") });
  // Chromium has no sandbox for root.
  const chromiumSandbox = process.getuid?.() !== 0;
  // The front end is another site, by a name that leads to this machine.
  const args = [`--host-resolver-rules=MAP ${new URL(back).hostname} 127.0.0.1`];
  browser = await chromium.launch({ executablePath: setting("CHROMIUM"), chromiumSandbox, args });
});
after(() => browser.close());

/** Somebody at a browser of its own. Whatever the browser complains of fails the walk, but for answers that are refusals. */
async function walk(options: BrowserContextOptions, steps: (page: Page) => Promise<void>): Promise<void> {
  const context = await browser.newContext({ locale: "vi-VN", ignoreHTTPSErrors: true, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4(00|01|10|22)/.test(message.text())) complaints.push(message.text());
  });
  try {
    await steps(page);
    assert.deepEqual(complaints, []);
  } catch (error) {
    await page.screenshot({ path: `${pictures}/failed.png` });
    console.error(`${page.url()}\n${complaints.join("\n")}`);
    throw error;
  } finally {
    await context.close();
  }
}

/** The code of this moment, by `tests/totp.py`. */
function totp(secret: string): string {
  return execFileSync("python3", ["-c", "import sys, totp; print(totp.totp(sys.argv[1]), end='')", secret], { encoding: "utf8" });
}

/** Types into the fields of a form, from the one that has the focus on, and sends it. */
async function fill(page: Page, ...texts: string[]): Promise<void> {
  await page.locator("input:focus").waitFor();
  for (const [at, text] of texts.entries()) {
    if (at > 0) await page.keyboard.press("Tab");
    await page.keyboard.type(text);
  }
  await Promise.all([page.waitForEvent("framenavigated"), page.keyboard.press("Enter")]);
}

async function press(page: Page, role: "button" | "link", name: string): Promise<void> {
  await tabTo(page, role, name);
  await page.keyboard.press("Enter");
}

const told = (page: Page, text: string) => page.getByRole("status").getByText(text, { exact: true }).waitFor();
const heading = (page: Page, text: string) => page.getByRole("heading", { level: 1, name: text, exact: true }).waitFor();

test("an invited person sets a password, lets a front end act, is known to it, and takes it back", () =>
  walk({}, async (page) => {
    await page.goto(`${issuer}/account/password?token=${setting("INVITATION")}`);
    await heading(page, "Đặt mật khẩu");
    assert.equal(page.url(), `${issuer}/account/password`, "the link is in no history");
    assert.equal(
      await heard(page),
      `- main:
  - heading "Đặt mật khẩu" [level=1]
  - paragraph: Ít nhất 15 ký tự. Một câu dài dễ nhớ là tốt nhất.
  - text: Mật khẩu mới
  - textbox "Mật khẩu mới"
  - text: Nhập lại mật khẩu mới
  - textbox "Nhập lại mật khẩu mới"
  - button "Đặt mật khẩu"`,
    );
    await look(page, pictures, "password");
    await tabTo(page, "textbox", "Mật khẩu mới");
    await fill(page, "ngắn", "ngắn");
    await page.getByRole("alert").waitFor();
    await look(page, pictures, "password-refused");
    await tabTo(page, "textbox", "Mật khẩu mới");
    await fill(page, NEW, NEW);
    await heading(page, "Đăng nhập");
    await look(page, pictures, "sign-in");
    await fill(page, setting("INVITED_USERNAME"), NEW);
    await heading(page, "Ứng dụng đã cho phép");
    await look(page, pictures, "applications-none");

    await page.goto(back);
    await press(page, "button", "Đăng nhập");
    await heading(page, "Cho phép ứng dụng?");
    assert.match(await heard(page), /- listitem: .+\n +- listitem: /, "it is told what is asked");
    await look(page, pictures, "consent");
    await press(page, "button", "Cho phép");
    await told(page, "Xin chào Đinh Thị Thuỷ");
    assert.equal(page.url(), back, "the code does not stay in the address");
    await press(page, "button", "Làm mới");
    await told(page, "Xin chào Đinh Thị Thuỷ");
    await page.reload();
    await press(page, "button", "Làm mới");
    await told(page, "Xin chào Đinh Thị Thuỷ");
    // Consent is remembered.
    await page.reload();
    await press(page, "button", "Đăng nhập");
    await told(page, "Xin chào Đinh Thị Thuỷ");

    await page.goto(`${issuer}/account`);
    await look(page, pictures, "applications");
    await press(page, "button", "Thu hồi quyền");
    await page.getByText("Chưa có ứng dụng nào thay mặt bạn.").waitFor();
    await page.goto(back);
    await press(page, "button", "Làm mới");
    await told(page, "invalid_grant");
    await press(page, "button", "Đăng nhập");
    await heading(page, "Cho phép ứng dụng?");
  }));

test("without scripts and in English somebody errs, signs in, changes the language and signs out", () =>
  walk({ javaScriptEnabled: false, locale: "en-GB" }, async (page) => {
    await page.goto(`${issuer}/account`);
    await heading(page, "Sign in");
    await fill(page, setting("USERNAME"), "sai hoàn toàn");
    await page.getByRole("alert").waitFor();
    await look(page, pictures, "sign-in-wrong");
    assert.equal(await page.getByRole("textbox", { name: "Username" }).inputValue(), setting("USERNAME"));
    // The focus is where it goes on.
    await fill(page, setting("PASSWORD"));
    await heading(page, "Allowed applications");
    await press(page, "link", "Tiếng Việt");
    await heading(page, "Ứng dụng đã cho phép");
    await press(page, "link", "Đổi mật khẩu");
    await heading(page, "Đặt mật khẩu");
    await look(page, pictures, "password-change");
    await page.goBack();
    // What was chosen stays chosen, until somebody comes anew.
    await press(page, "button", "Đăng xuất");
    await heading(page, "Đăng nhập");
    await page.goto(`${issuer}/account`);
    await heading(page, "Sign in");
  }));

test("from a front end somebody signs in on the way, refuses, then allows it and leaves", () =>
  walk({ viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true }, async (page) => {
    await page.goto(back);
    await press(page, "button", "Đăng nhập");
    await heading(page, "Đăng nhập");
    await fill(page, setting("USERNAME"), setting("PASSWORD"));
    await heading(page, "Cho phép ứng dụng?");
    await press(page, "button", "Từ chối");
    await told(page, "access_denied");
    await press(page, "button", "Đăng nhập");
    await press(page, "button", "Dùng tài khoản khác");
    await heading(page, "Đăng nhập");
    await fill(page, setting("USERNAME"), setting("PASSWORD"));
    await press(page, "button", "Cho phép");
    await page.getByRole("status").getByText("Xin chào").waitFor();
    // The application is known by now: signing in leads through two redirections to it.
    await page.context().clearCookies();
    await press(page, "button", "Đăng nhập");
    await heading(page, "Đăng nhập");
    await fill(page, setting("USERNAME"), setting("PASSWORD"));
    await page.getByRole("status").getByText("Xin chào").waitFor();
    await press(page, "button", "Thoát");
    await told(page, "Đã thoát");
    await press(page, "button", "Làm mới");
    await told(page, "invalid_grant");
  }));

test("an admin signs in with a second factor", () =>
  walk({}, async (page) => {
    await page.goto(`${issuer}/account`);
    await fill(page, setting("ADMIN_USERNAME"), setting("ADMIN_PASSWORD"));
    await page.getByRole("alert").waitFor();
    await look(page, pictures, "sign-in-code");
    await fill(page, setting("ADMIN_PASSWORD"), totp(setting("ADMIN_TOTP_SECRET")));
    await heading(page, "Ứng dụng đã cho phép");
  }));

test("no page of ours stands in a frame, none runs a script, and an unknown front end leads nowhere", async () => {
  const context = await browser.newContext({ locale: "vi-VN", ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
  await page.goto(new URL("/frame", back).href);
  await refused;
  assert.equal(await page.frameLocator("iframe").getByRole("textbox").count(), 0);
  await page.goto(`${issuer}/account/sign-in?continue=${encodeURIComponent('/account"><script>document.title="taken"</script>')}`);
  await assert.rejects(page.addScriptTag({ content: "document.title = 'taken'" }));
  assert.match(await page.title(), / · Tiến độ$/);
  const stranger = new URLSearchParams({ response_type: "code", client_id: setting("APP_ID"), redirect_uri: "https://ung-dung.example.vn/" });
  await page.goto(`${issuer}/oauth/authorize?${stranger}`);
  await page.getByRole("alert").waitFor();
  assert.equal(new URL(page.url()).origin, issuer);
  await look(page, pictures, "stranger");
  await context.close();
});

test("the document can be browsed", () =>
  walk({ viewport: { width: 1280, height: 900 } }, async (page) => {
    await page.goto(`${issuer}/docs`);
    await page.getByRole("heading", { name: "Tiến độ" }).first().waitFor();
    await page.getByText("units").first().waitFor();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: `${pictures}/docs.png` });
    const elsewhere = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => entry.name));
    assert.ok(elsewhere.every((name) => name.startsWith(new URL("/", issuer).href)), elsewhere.join("\n"));
  }));
