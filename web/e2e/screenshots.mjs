// Pictures of the page: node e2e/screenshots.mjs URL FOLDER NAME
import { chromium } from "playwright-core";

const [url, folder, name] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
for (const [width, height] of [[1440, 900], [390, 844]]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport: { width, height }, colorScheme });
    page.on("console", (message) => console.log(message.type(), message.text()));
    await page.goto(url);
    await page.waitForTimeout(1200);
    await page.screenshot({ path: `${folder}/${name}-${width}-${colorScheme}.png`, fullPage: true });
    await page.close();
  }
}
await browser.close();
