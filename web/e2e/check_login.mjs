// Checks logging in and out in a real browser:  node e2e/check_login.mjs URL KEY [INGEST_KEY]
// Exit code 0 when all holds; prints each check. CHROMIUM names another browser program.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [address, key, ingestKey] = process.argv.slice(2);
const url = address.replace(/\/$/, "");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const timeout = 20_000;
let failed = 0;

function check(name, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds || detail === "" ? "" : `: ${detail}`}`);
  failed += holds ? 0 : 1;
}

async function appears(page, name, selector) {
  check(name, await page.waitForSelector(selector, { timeout }).then(() => true, () => false));
}

async function violations(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }),
  );
  return result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

const INSIDE = "[data-testid=row], .empty";
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(`${url}/`);
    const name = `${colorScheme} ${width}px`;
    await appears(page, `${name}: a form instead of figures`, ".login");
    const found = await violations(page);
    check(`${name}: no accessibility violations`, found.length === 0, found.join("; "));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${name}: the form does not scroll sideways`, overflow <= 0, `${overflow} px`);
    await context.close();
  }
}

const context = await browser.newContext({ ignoreHTTPSErrors: true });
const page = await context.newPage();
const problems = [];
page.on("pageerror", (error) => problems.push(String(error)));
await page.goto(`${url}/`);
await page.waitForSelector(".login", { timeout });
check("the field has the focus", await page.evaluate(() => document.activeElement?.id === "key"));
await page.keyboard.type("nonsense");
await page.keyboard.press("Enter");
await appears(page, "what is no key is told so", ".login-error:not(:empty)");
await page.keyboard.press("Control+a");
await page.keyboard.type(`${key.split(".")[0]}.wrong`);
await page.keyboard.press("Enter");
await page.waitForFunction(() => document.querySelector(".login-error")?.textContent?.includes("secret is wrong"), undefined, { timeout }).then(
  () => check("a wrong key is told so", true),
  () => check("a wrong key is told so", false),
);
check("the error belongs to the field", (await page.locator("#key[aria-invalid=true]").count()) === 1);
const found = await violations(page);
check("the error has no accessibility violations", found.length === 0, found.join("; "));
if (ingestKey !== undefined) {
  await page.keyboard.press("Control+a");
  await page.keyboard.type(ingestKey);
  await page.keyboard.press("Enter");
  const told = () => document.querySelector(".login-error")?.textContent?.includes("may not see") === true;
  const seen = await page.waitForFunction(told, undefined, { timeout }).then(() => true, () => false);
  check("a key for records only may not see figures", seen);
}
await page.keyboard.press("Control+a");
await page.keyboard.type(key);
await page.keyboard.press("Enter");
await appears(page, "the key opens the page", INSIDE);
const cookies = await context.cookies();
check(
  "the cookie is for this server alone and no script's",
  cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === "Strict" && cookies[0].secure === url.startsWith("https:"),
  JSON.stringify(cookies.map(({ value, ...rest }) => rest)),
);
check("the key is kept nowhere", await page.evaluate((secret) => !JSON.stringify({ ...localStorage, ...sessionStorage }).includes(secret), key.split(".")[1]));
await page.reload();
await appears(page, "a reload stays logged in", INSIDE);
const events = await page.waitForFunction(() => document.querySelector(".pill-label")?.textContent !== "Connecting", undefined, { timeout }).then(() => true, () => false);
check("the event stream has the session", events);
const inside = await violations(page);
check("logged in: no accessibility violations", inside.length === 0, inside.join("; "));

const second = await context.newPage();
await second.goto(`${url}/`);
await second.waitForSelector(INSIDE, { timeout });
await second.getByRole("button", { name: "Log out" }).click();
await appears(second, "logging out brings the form back", ".login");
await appears(page, "and in the other tab", ".login");
check("no figures are left behind", (await page.locator("[data-testid=row]").count()) === 0);
check("no errors in the script", problems.length === 0, problems.join("; "));

await browser.close();
console.log(failed === 0 ? "all checks hold" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
