// Checks the page of a running Weir in a real browser:  node e2e/check_page.mjs http://127.0.0.1:8080
// Exit code 0 when all holds; prints each check. CHROMIUM names another browser program.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const url = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let failed = 0;

function check(name, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds || detail === "" ? "" : `: ${detail}`}`);
  failed += holds ? 0 : 1;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

async function open(options) {
  // axe is injected by the test, so the page's own policy must not apply to it; its violations are counted in `problems` elsewhere.
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  const foreign = [];
  page.on("console", (message) => (message.type() === "error" ? problems.push(message.text()) : undefined));
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`)) {
      foreign.push(request.url());
    }
  });
  await page.goto(`${url}/`);
  await page.waitForSelector("[data-testid=row], .empty", { timeout: 15_000 });
  return { context, page, problems, foreign };
}

async function violations(page) {
  // evaluate() runs outside the page's script policy.
  await page.evaluate(axeSource);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }),
  );
  return result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 900], [390, 844], [320, 640]]) {
    const { context, page, problems, foreign } = await open({ viewport: { width, height }, colorScheme });
    const name = `${colorScheme} ${width}px`;
    const found = await violations(page);
    check(`${name}: no accessibility violations`, found.length === 0, found.join("; "));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(`${name}: the page does not scroll sideways`, overflow <= 0, `${overflow} px`);
    check(`${name}: no errors in the console`, problems.length === 0, problems.join("; "));
    check(`${name}: no requests elsewhere`, foreign.length === 0, foreign.join(", "));
    await context.close();
  }
}

// Numbers on the page against the API: pause first, so that both are of one moment.
{
  const { context, page } = await open({ viewport: { width: 1440, height: 900 } });
  if ((await page.locator("[data-testid=row]").count()) > 0) {
    let equal = false;
    let detail = "";
    for (let attempt = 0; attempt < 20 && !equal; ++attempt) {
      const api = await (await fetch(`${url}/v1/dashboards/conversion`)).json();
      const shown = await page.evaluate(() => ({
        totals: Object.fromEntries([...document.querySelectorAll("[data-testid^=total-]")].map((e) => [e.dataset.testid.slice(6), Number(e.value)])),
        rows: [...document.querySelectorAll("[data-testid=row]")].map((line) => ({
          date: line.dataset.date,
          promotion: line.dataset.promotion,
          cells: Object.fromEntries([...line.querySelectorAll("data")].map((e) => [e.dataset.column, e.value])),
        })),
      }));
      const byKey = new Map(api.rows.map((row) => [`${row.date}\n${row.promotion}`, row]));
      const wrong = shown.rows.filter((line) => {
        const row = byKey.get(`${line.date}\n${line.promotion}`);
        return row === undefined || Object.entries(line.cells).some(([key, value]) => (row[key] === null ? value !== "" : Number(value) !== row[key]));
      });
      const totalsRight = ["clicks", "orders", "units", "revenue"].every((key) => shown.totals[key] === api.totals[key]);
      equal = wrong.length === 0 && totalsRight;
      detail = `${wrong.length} of ${shown.rows.length} rows, totals ${totalsRight ? "equal" : "differ"}`;
      if (!equal) {
        await page.waitForTimeout(250);
      }
    }
    check("the table and the tiles equal the API", equal, detail);

    await page.keyboard.press("p");
    check("p pauses", (await page.getByRole("button", { name: "Resume" }).count()) === 1);
    const before = await page.locator("[data-testid=total-clicks]").textContent();
    await page.waitForTimeout(1_500);
    check("a paused page holds still", before === (await page.locator("[data-testid=total-clicks]").textContent()));
    await page.keyboard.press("p");
    await page.keyboard.press("?");
    check("? opens the help", await page.locator("dialog[open]").isVisible());
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    check("/ goes to the search", (await page.evaluate(() => document.activeElement?.id)) === "search");
    await page.getByRole("button", { name: /^Orders per 100/ }).click();
    check("a header sorts", (await page.locator("th[aria-sort=descending]").textContent())?.startsWith("Orders per 100") === true);
    const pictures = await page.locator("figure svg[role=img]").count();
    check("two charts with a name", pictures === 2, String(pictures));
    check("no inline script or style elements", (await page.locator("body style, body script:not([src])").count()) === 0);
  }
  await context.close();
}

// The connection breaks and comes back.
{
  const { context, page } = await open({ viewport: { width: 1440, height: 900 } });
  await context.setOffline(true);
  await page.evaluate(() => globalThis.dispatchEvent(new Event("offline")));
  await page.waitForSelector(".banner.bad", { timeout: 20_000 }).catch(() => undefined);
  check("a lost connection is announced", (await page.locator(".banner.bad").count()) === 1);
  await context.setOffline(false);
  await page.waitForSelector(".banner.bad", { state: "detached", timeout: 25_000 }).catch(() => undefined);
  check("the page reconnects by itself", (await page.locator(".banner.bad").count()) === 0);
  await context.close();
}

await browser.close();
console.log(failed === 0 ? "all checks hold" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
