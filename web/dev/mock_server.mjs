// Serves web/dist with made-up figures, for work on the page without an engine. Not part of the product.
// node dev/mock_server.mjs [port] [full|empty|loading|idle|behind|stopped|silent|failure|many|login]
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const port = Number(process.argv[2] ?? 8090);
const mode = process.argv[3] ?? "full";
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

// Heartbeats, but no new figures.
const QUIET = ["idle", "behind", "stopped", "failure"];
const pipeline = {
  behind_millis: mode === "behind" ? 14_000 : 0,
  stopped: mode === "stopped" ? "ClickStreamApplication: the checkpoint cannot be written: no space left" : "",
};
const newest = () => (mode === "empty" ? null : Date.now() - (QUIET.includes(mode) ? 142_000 : 300));

const names = ["P601", "P602", "P603", "P604", "P605", "P606", "P607", "P608", "P609", "P610", "P611", "P612",
  "<img src=x onerror=alert(1)>", "Ein sehr langer Aktionsname für den Herbst 2026 🍂"];
if (mode === "many") {
  for (let i = 0; i < 400; ++i) {
    names.push(`Q${1000 + i}`);
  }
}
let tick = 0;
const start = Date.now();

function dataset() {
  tick = 1 + Math.floor((Date.now() - start) / 600);
  const rows = [];
  if (mode !== "empty") {
    for (const [day, date] of ["2026-11-22", "2026-11-21"].entries()) {
      names.forEach((promotion, i) => {
        const clicks = i === 11 && day === 0 ? 0 : Math.round(42_000 / (i + 2) / (day + 1)) + tick * (day === 0 ? 3 : 0);
        const orders = Math.round((42_000 / (i + 2) / (day + 1)) * (0.015 + ((i * 7) % 11) / 180));
        rows.push({ date, promotion, clicks, orders, conversion: clicks > 0 ? (orders * 100) / clicks : null,
          lines: Math.round(orders * 1.3), units: orders * 2, revenue: Math.round(orders * 2399) / 100 });
      });
    }
  }
  rows.sort((a, b) => b.clicks - a.clicks);
  const sum = (list) => ({
    promotions: new Set(list.map((row) => row.promotion)).size,
    ...Object.fromEntries(["clicks", "orders", "lines", "units", "revenue"].map((key) => [key, list.reduce((a, row) => a + row[key], 0)])),
  });
  return {
    sequence: tick, as_of_millis: newest(), now_millis: Date.now(), ...pipeline,
    totals: sum(rows),
    by_date: [...new Set(rows.map((row) => row.date))].map((date) => ({ date, ...sum(rows.filter((row) => row.date === date)) })),
    rows: rows.slice(0, 500), total_rows: rows.length,
  };
}

// Mode "login": the key is WEIRMOCK.secret.
let loggedIn = false;

async function answerSession(request, response) {
  let body = "";
  for await (const part of request) {
    body += part;
  }
  const who = { required: mode === "login", key_id: mode === "login" ? "WEIRMOCK" : "", roles: ["viewer"], streams: [] };
  if (request.method === "DELETE") {
    loggedIn = false;
    response.writeHead(204).end();
    return;
  }
  if (request.method === "POST") {
    loggedIn = JSON.parse(body).key === "WEIRMOCK.secret";
  }
  const refused = mode === "login" && !loggedIn;
  response.writeHead(refused ? 401 : 200, { "content-type": "application/json" }).end(JSON.stringify(
    refused ? { error: { code: "permission", message: "the key is unknown or revoked, or its secret is wrong" } } : who));
}

createServer(async (request, response) => {
  const path = new URL(request.url, "http://x").pathname;
  if (path === "/v1/session") {
    await answerSession(request, response);
    return;
  }
  if (mode === "login" && path.startsWith("/v1/") && !loggedIn) {
    response.writeHead(401).end();
    return;
  }
  if (path === "/v1/dashboards/conversion") {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(dataset()));
    return;
  }
  if (path === "/v1/dashboards/conversion/events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    if (mode === "loading") {
      response.write(": wait\n\n");
      return;
    }
    const send = (event, data) => response.write(`event: ${event}\nid: ${tick}\ndata: ${JSON.stringify(data)}\n\n`);
    send("data", dataset());
    if (mode === "failure") {
      send("failure", { message: "Binder Error: view_conversion_ratio is missing" });
    }
    if (mode === "silent") {
      return;
    }
    const timer = setInterval(() => (QUIET.includes(mode)
      ? send("heartbeat", { now_millis: Date.now(), as_of_millis: newest(), ...pipeline }) : send("data", dataset())), 700);
    response.on("close", () => clearInterval(timer));
    return;
  }
  try {
    const file = join(dist, normalize(path === "/" ? "/index.html" : path));
    const body = await readFile(file);
    response.writeHead(200, { ...HEADERS, "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/ (${mode})`));
