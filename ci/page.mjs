// Opens a page that `perfaudit report . -o audit.html` wrote in a headless browser and tries it: filters, address, links, copying, errors.
//
//     npm install puppeteer-core && node ci/page.mjs audit.html /usr/bin/chromium [SCREENSHOT.png]
//
// No test runs it: it needs a browser.
import assert from "node:assert/strict";
import { resolve } from "node:path";
import puppeteer from "puppeteer-core";

const [file, executablePath, screenshot] = process.argv.slice(2);
const url = `file://${resolve(file)}`;
const browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage();
const errors = [];
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
page.on("pageerror", (error) => errors.push(error.message));
page.on("request", (request) => request.url().startsWith("file:") || errors.push(`asks for ${request.url()}`));
await page.setViewport({ width: 1280, height: 1600 });
await page.goto(url);

const text = (selector) => page.$eval(selector, (node) => node.textContent);
const visible = () => page.$$eval('[data-thing="finding"]', (nodes) => nodes.filter((node) => !node.hidden).length);
const all = await visible();
// The page may hold only the first of the run's findings.
const total = await page.$eval("#findings", (node) => Number(node.dataset.total));
const count = async (label) => {
  const shown = await visible();
  const held = total > all ? `; the page holds ${all}` : "";
  assert.equal(await text("#shown"), `${shown} of ${total} findings shown${held}`, label);
  const heading = shown === all ? `Findings (${total})` : `Findings (${shown} of ${total})`;
  assert.equal(await text("#findings"), heading, label);
  return shown;
};
await count("at first");
for (const facet of ["rule", "theme", "folder", "table", "route", "effort", "confidence"]) {
  const option = await page.$eval(`#by-${facet}`, (select) => [...select.options].slice(1, 2).map((one) => [one.value, one.text])[0]);
  if (!option) continue;
  await page.select(`#by-${facet}`, option[0]);
  const shown = await count(facet);
  if (total === all) assert.ok(option[1].endsWith(` (${shown})`), `${facet}: ${option[1]}, ${shown} shown`);
  // The address alone shows the same.
  const other = await browser.newPage();
  await other.goto(await page.evaluate("location.href"));
  assert.equal(await other.$eval("#shown", (node) => node.textContent), await text("#shown"), `${facet} from the address`);
  await other.close();
  await page.click("#reset");
  assert.equal(await visible(), all, `${facet} taken back`);
}
const links = await page.$$eval("a[href]", (nodes) => nodes.map((node) => node.getAttribute("href")));
for (const link of links) assert.match(link, /^(https?:\/\/|#)/);
// Filters, and as `at` a place; or a place alone.
const dangling = await page.$$eval('a[href^="#"]', (nodes) =>
  nodes.map((node) => node.getAttribute("href").slice(1))
    .map((part) => (part.includes("=") ? new URLSearchParams(part).get("at") : decodeURIComponent(part)))
    .filter((id) => !document.getElementById(id)));
assert.deepEqual(dangling, [], "links into the page");
const copy = await page.$(".copy");
if (copy) {
  await browser.defaultBrowserContext().overridePermissions(url, ["clipboard-read", "clipboard-sanitized-write"]);
  await copy.evaluate((node) => node.scrollIntoView({ block: "center" }));
  await copy.click();
  await page.waitForFunction((node) => node.textContent === "Copied", { timeout: 2000 }, copy);
  const wanted = await copy.evaluate((node) => node.nextElementSibling.querySelector("code").textContent);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted, "what is copied");
}
assert.deepEqual(errors, [], "errors and requests");
await page.evaluate(() => {
  const script = document.createElement("script");
  script.textContent = "window.ran = true";
  document.body.append(script);
});
assert.equal(await page.evaluate("window.ran"), undefined, "a script that is not the page's own");
await page.setViewport({ width: 400, height: 900 });
assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "wider than a phone");
if (screenshot) await page.screenshot({ path: screenshot });
await browser.close();
console.log(`${all} findings, ${links.length} links: as it should be`);
