// Checks the page of a running Weir in a real browser:  node e2e/check_page.mjs http://127.0.0.1:8080
// Exit code 0 when all holds; prints each check. CHROMIUM names another browser program.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const url = (process.argv[2] ?? "http://127.0.0.1:8080").replace(/\/$/, "");
const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const patience = 15_000;
let failed = 0;

function check(name, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds || detail === "" ? "" : `: ${detail}`}`);
  failed += holds ? 0 : 1;
}

/** Whether `holds` becomes true in the page within its patience: a page draws a moment after it was asked to. */
async function becomes(page, name, holds) {
  const seen = await page.waitForFunction(holds, undefined, { timeout: patience }).then(() => true, () => false);
  check(name, seen, seen ? "" : `not within ${patience / 1000} s`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

async function open(options) {
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

/** The datasets that the server sends, by sequence, until stop is called. */
function listen() {
  const datasets = new Map();
  const abort = new AbortController();
  const done = (async () => {
    const response = await fetch(`${url}/v1/dashboards/conversion/events`, { signal: abort.signal });
    let text = "";
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        if (/^event: ?data$/m.test(event)) {
          const data = JSON.parse(/^data: ?(.*)$/m.exec(event)[1]);
          datasets.set(data.sequence, data);
        }
      }
    }
  })().catch(() => undefined);
  return { datasets, stop: async () => (abort.abort(), await done) };
}

/** What the page shows. */
function readPage() {
  return {
    sequence: Number(document.querySelector("main").dataset.sequence),
    totals: Object.fromEntries(
      [...document.querySelectorAll("[data-testid^=total-]")].map((e) => [e.dataset.testid.slice(6), Number(e.value)]),
    ),
    rows: [...document.querySelectorAll("[data-testid=row]")].map((line) => ({
      key: `${line.dataset.date}\n${line.dataset.promotion}`,
      cells: Object.fromEntries([...line.querySelectorAll("data")].map((e) => [e.dataset.column, e.value])),
    })),
  };
}

function differences(shown, api) {
  const byKey = new Map(api.rows.map((row) => [`${row.date}\n${row.promotion}`, row]));
  const rows = shown.rows.filter((line) => {
    const row = byKey.get(line.key);
    return row === undefined || Object.entries(line.cells).some(([key, value]) => (row[key] === null ? value !== "" : Number(value) !== row[key]));
  });
  const totals = ["clicks", "orders", "units", "revenue"].filter((key) => shown.totals[key] !== api.totals[key]);
  return [...rows.map((row) => row.key), ...totals];
}

{
  const { context, page } = await open({ viewport: { width: 1440, height: 900 } });
  if ((await page.locator("[data-testid=row]").count()) > 0) {
    // Both hear of every dataset from here on; the page's is found by its number.
    const server = listen();
    let shown;
    let sent;
    for (const started = Date.now(); sent === undefined && Date.now() - started < patience; ) {
      shown = await page.evaluate(readPage);
      await page.waitForTimeout(200);
      sent = server.datasets.get(shown.sequence);
    }
    await server.stop();
    const wrong = sent === undefined ? ["no such dataset was sent"] : differences(shown, sent);
    check("the table and the tiles equal the API", wrong.length === 0, wrong.join(", "));
    const rest = await (await fetch(`${url}/v1/dashboards/conversion`)).json();
    check("REST answers the same shape", Array.isArray(rest.rows) && rest.total_rows >= rest.rows.length);

    await page.keyboard.press("p");
    await becomes(page, "p pauses", () => [...document.querySelectorAll("button")].some((e) => e.textContent === "Resume"));
    const before = await page.locator("[data-testid=total-clicks]").textContent();
    await page.waitForTimeout(1_500);
    check("a paused page holds still", before === (await page.locator("[data-testid=total-clicks]").textContent()));
    await page.keyboard.press("p");
    await becomes(page, "p resumes", () => [...document.querySelectorAll("button")].some((e) => e.textContent === "Pause"));
    await page.keyboard.press("?");
    await becomes(page, "? opens the help", () => document.querySelector("dialog[open]") !== null);
    await page.keyboard.press("Escape");
    await becomes(page, "Escape closes the help", () => document.querySelector("dialog[open]") === null);
    await page.keyboard.press("/");
    await becomes(page, "/ goes to the search", () => document.activeElement?.id === "search");
    await page.getByRole("button", { name: /^Conversion/ }).click();
    await becomes(page, "a header sorts", () =>
      document.querySelector("th[aria-sort=descending]")?.textContent?.startsWith("Conversion") === true);
    const pictures = await page.locator("figure svg[role=img]").count();
    check("two charts with a name", pictures === 2, String(pictures));
    check("no inline script or style elements", (await page.locator("body style, body script:not([src])").count()) === 0);
  }
  await context.close();
}

// Without the event stream the page says so, and comes back by itself.
{
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route("**/events", (route) => route.abort());
  await page.goto(`${url}/`);
  await page.waitForSelector(".banner.bad", { timeout: 15_000 }).catch(() => undefined);
  check("a missing server is announced", (await page.locator(".banner.bad").count()) === 1);
  const found = await violations(page);
  check("the announcement has no accessibility violations", found.length === 0, found.join("; "));
  await page.unroute("**/events");
  await page.waitForSelector(".banner.bad", { state: "detached", timeout: 25_000 }).catch(() => undefined);
  check("the page reconnects by itself", (await page.locator(".banner.bad").count()) === 0);
  await context.close();
}

await browser.close();
console.log(failed === 0 ? "all checks hold" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
