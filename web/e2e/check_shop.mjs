// A shop in a real browser:  node e2e/check_shop.mjs WEIR_URL SHOP_ORIGIN OTHER_ORIGIN
// The shop is served on another origin than Weir, and allowed; the other origin is not. Prints each check and, last, what
// was sent as JSON. Exit code 0 when all holds. CHROMIUM names another browser program.
import { chromium } from "playwright-core";

const [weir, shop, other] = process.argv.slice(2);
const patience = 15_000;
let failed = 0;

function check(name, holds, detail = "") {
  console.log(`${holds ? "ok  " : "FAIL"} ${name}${holds || detail === "" ? "" : `: ${detail}`}`);
  failed += holds ? 0 : 1;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});

/** A fresh profile with one page; `calls` are its requests to Weir. */
async function visit(options = {}, prepare = async () => undefined) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const calls = [];
  page.on("requestfinished", async (request) => {
    if (request.url().startsWith(weir)) {
      const response = await request.response();
      const { responseBodySize, responseHeadersSize, requestHeadersSize, requestBodySize } = await request.sizes();
      calls.push({ path: new URL(request.url()).pathname, method: request.method(), status: response.status(),
        body: responseBodySize, bytes: responseBodySize + responseHeadersSize + requestHeadersSize + requestBodySize,
        answer: request.url().endsWith("/v1/collect") ? await response.text().catch(() => "") : "" });
    }
  });
  await prepare(page, context);
  return { context, page, calls };
}

/** The calls of a path, once there are `count`, or after its patience as many as there are. */
async function answers(calls, count, path = "/v1/collect") {
  let found = [];
  for (const started = Date.now(); found.length < count && Date.now() - started < patience; ) {
    await new Promise((done) => setTimeout(done, 50));
    found = calls.filter((call) => call.path === path);
  }
  return found;
}

const total = (beacons, key) => beacons.reduce((sum, call) => sum + (JSON.parse(call.answer)[key] ?? 0), 0);
const queued = (page) => page.evaluate(() => JSON.parse(sessionStorage.weir ?? "{}").queue?.length ?? 0);
const empties = (page) => page.waitForFunction(() => JSON.parse(sessionStorage.weir).queue.length === 0, undefined, { timeout: patience })
  .then(() => true, () => false);

{
  const { context, page, calls } = await visit();
  await page.goto(`${shop}/`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await answers(calls, 1, "/weir.js");
  check("a page load makes one request to Weir", calls.length === 1 && calls[0].path === "/weir.js", JSON.stringify(calls));
  check("the script is smaller than 2,048 bytes", calls[0].body < 2_048 && calls[0].body > 0, String(calls[0].body));
  console.log(`page weight: 1 request, ${calls[0].body} bytes of script, ${calls[0].bytes} bytes with both heads`);
  check("nothing is stored before a click", (await page.evaluate(() => sessionStorage.length)) === 0);
  await page.click("#plain");
  await page.click("#ad");  // An ad that leads to another page.
  await page.waitForURL(`${shop}/cart`);
  check("the queue is empty after a click", await empties(page));
  const clicks = await page.evaluate(() => globalThis.weir.clicks());
  check("the click id is carried to the cart", clicks.length === 1 && clicks[0].promotion === "P601", JSON.stringify(clicks));
  await page.click("#buy");
  check("the queue is empty after an order", await empties(page));
  const beacons = await answers(calls, 1);
  check("each beacon is taken", beacons.every((call) => call.status === 200 && JSON.parse(call.answer).rejected.length === 0), JSON.stringify(beacons));
  const cost = beacons.at(-1);
  console.log(`a click or an order: 1 request, ${cost.bytes} bytes with both heads; ${beacons.length} beacons`);
  check("no cookie is set", (await context.cookies()).length === 0);
  check("nothing but sessionStorage is used", (await page.evaluate(() => localStorage.length)) === 0);
  await page.goto(`${shop}/pixels`);
  const sizes = await page.evaluate(() => [...document.images].map((image) => image.naturalWidth));
  check("the pixels load", sizes.length === 2 && sizes.every((width) => width === 1), JSON.stringify(sizes));
  const pixels = await answers(calls, 2, "/p.gif");
  console.log(`pixel: 1 request, ${pixels[0]?.body} bytes, ${pixels[0]?.bytes} bytes with both heads`);
  await context.close();
}

{
  const { context, page, calls } = await visit();
  await page.goto(`${other}/`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await page.evaluate(() => globalThis.weir.click("P666"));
  const beacons = await answers(calls, 1);
  check("another origin is refused by name", beacons[0]?.status === 403 && beacons[0].answer.includes(other), JSON.stringify(beacons));
  check("and does not try again", await empties(page));
  await context.close();
}

for (const [name, headers, property, value] of [
  ["Global Privacy Control", { "sec-gpc": "1" }, "globalPrivacyControl", true],
  ["Do Not Track", { dnt: "1" }, "doNotTrack", "1"],
]) {
  const { context, page, calls } = await visit({ extraHTTPHeaders: headers }, (p) =>
    p.addInitScript(`Object.defineProperty(Navigator.prototype, "${property}", { get: () => ${JSON.stringify(value)} })`));
  await page.goto(`${shop}/`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await page.click("#ad");
  await page.waitForURL(`${shop}/cart`);
  await page.click("#buy");
  await page.waitForLoadState("networkidle");
  check(`${name}: nothing is sent`, calls.every((call) => call.path === "/weir.js"), JSON.stringify(calls));
  check(`${name}: nothing is stored`, (await page.evaluate(() => sessionStorage.length)) === 0);
  await context.close();
  // The header alone, as a browser that tells pages nothing.
  const door = await fetch(`${weir}/v1/collect`, {
    method: "POST", headers: { ...headers, origin: shop, "content-type": "text/plain" },
    body: JSON.stringify({ user: "u", events: [{ type: "click", id: "12345678", promotion: "P667" }] }),
  });
  check(`${name}: the door keeps nothing`, (await door.json()).accepted === 0);
}

{
  const { context, page, calls } = await visit();
  await page.goto(`${shop}/consent`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await page.evaluate(() => globalThis.weir.click("P668"));
  check("without consent nothing is stored", (await page.evaluate(() => sessionStorage.length)) === 0);
  await page.evaluate(() => { globalThis.weir.consent(); globalThis.weir.click("P603"); });
  check("with consent clicks are sent", await empties(page) && total(await answers(calls, 1), "accepted") === 1, JSON.stringify(calls));
  await context.close();
}

{
  const { context, page, calls } = await visit();
  await page.goto(`${shop}/`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await context.setOffline(true);
  await page.evaluate(() => globalThis.weir.click("P604"));
  await page.evaluate(() => globalThis.weir.click("P604"));
  await page.waitForTimeout(1_500);
  check("clicks wait while offline", (await queued(page)) === 2);
  await context.setOffline(false);
  check("and are sent when back online", await empties(page));
  check("each once", total(await answers(calls, 1), "accepted") === 2, JSON.stringify(calls));
  await context.close();
}

{
  const { context, page, calls } = await visit();
  let lost = 0;
  await page.route("**/v1/collect", async (route) => {
    if (lost++ === 0) {
      await route.fetch();  // Weir stores it; the answer is lost.
      return route.abort();
    }
    return route.continue();
  });
  await page.goto(`${shop}/`);
  await page.waitForFunction(() => globalThis.weir !== undefined);
  await page.evaluate(() => globalThis.weir.click("P605"));
  check("a click whose answer is lost is sent again", await empties(page));
  const beacons = await answers(calls, 1);
  check("and counts once", total(beacons, "accepted") === 0 && total(beacons, "duplicates") === 1, JSON.stringify(beacons));
  await context.close();
}

{
  const { context, page } = await visit();
  await page.goto(`${weir}/`);
  for (const promotion of ["P601", "P602"]) {
    const row = page.locator(`[data-testid=row][data-promotion=${promotion}]`);
    await row.first().waitFor({ timeout: patience }).catch(() => undefined);
    const cells = await row.first().evaluate((line) =>
      Object.fromEntries([...line.querySelectorAll("data")].map((cell) => [cell.dataset.column, Number(cell.value)]))).catch(() => ({}));
    check(`${promotion} is on the dashboard`, cells.clicks === 1 && cells.orders === 1, JSON.stringify(cells));
  }
  await context.close();
}

await browser.close();
console.log(failed === 0 ? "all checks hold" : `${failed} checks failed`);
process.exit(failed === 0 ? 0 : 1);
