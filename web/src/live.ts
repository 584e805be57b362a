/** The connection to the server: one event stream, opened again with growing pauses when it breaks. */

import { batch, signal } from "@preact/signals";
import { parseDataset, type Dataset } from "./dataset";

export type Connection = "connecting" | "live" | "lost";

const FIRST_PAUSE_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 10_000;
/** The server sends a heartbeat each second; after so long without any the connection counts as lost. */
const SILENCE_MILLIS = 6_000;
/** Figures older than this are marked. */
export const STALE_MILLIS = 5_000;

export const connection = signal<Connection>("connecting");
/** What is on screen. */
export const dataset = signal<Dataset | null>(null);
/** Why the server cannot answer, in its words; "" when it can. */
export const failure = signal("");
export const paused = signal(false);
/** When the next attempt is made, by this machine's clock; 0 when none is planned. */
export const retryAt = signal(0);
/** This machine's time, moving while the page is open. */
export const now = signal(Date.now());
/** Newest input in the server's figures, also while the page is paused. */
const asOf = signal<number | null>(null);
/** The server's clock minus this machine's. */
const clockOffset = signal(0);

let waiting: Dataset | null = null;
let source: EventSource | null = null;
let lastHeard = 0;
let pause = FIRST_PAUSE_MILLIS;
let retryTimer: ReturnType<typeof setTimeout> | undefined;

/** Age of the newest figure on screen; null when there is none. */
export function figureAge(): number | null {
  const shown = paused.value ? (dataset.value?.asOfMillis ?? null) : asOf.value;
  return shown === null ? null : Math.max(0, now.value + clockOffset.value - shown);
}

function show(next: Dataset): void {
  if (paused.value && dataset.value !== null) {
    waiting = next;
  } else {
    dataset.value = next;
  }
}

function heard(): void {
  lastHeard = Date.now();
  pause = FIRST_PAUSE_MILLIS;
  retryAt.value = 0;
  connection.value = "live";
}

function noteClock(nowMillis: unknown, asOfMillis: unknown): void {
  if (typeof nowMillis === "number" && nowMillis > 0) {
    clockOffset.value = nowMillis - Date.now();
  }
  if (typeof asOfMillis === "number") {
    asOf.value = asOfMillis;
  }
}

function onData(event: MessageEvent<string>): void {
  batch(() => {
    heard();
    try {
      const next = parseDataset(JSON.parse(event.data));
      noteClock(next.nowMillis, next.asOfMillis);
      failure.value = "";
      show(next);
    } catch (error) {
      failure.value = error instanceof Error ? error.message : String(error);
    }
  });
}

function onHeartbeat(event: MessageEvent<string>): void {
  batch(() => {
    heard();
    const beat = JSON.parse(event.data) as { now_millis?: unknown; as_of_millis?: unknown };
    noteClock(beat.now_millis, beat.as_of_millis);
  });
}

function onFailure(event: MessageEvent<string>): void {
  batch(() => {
    heard();
    const report = JSON.parse(event.data) as { message?: unknown };
    failure.value = typeof report.message === "string" ? report.message : "the query failed";
  });
}

function breakOff(): void {
  source?.close();
  source = null;
  clearTimeout(retryTimer);
  // A random part, so that many pages do not come back at the same moment.
  const wait = pause * (0.75 + Math.random() / 2);
  pause = Math.min(pause * 2, LONGEST_PAUSE_MILLIS);
  batch(() => {
    connection.value = "lost";
    retryAt.value = Date.now() + wait;
  });
  retryTimer = setTimeout(connect, wait);
}

export function connect(): void {
  clearTimeout(retryTimer);
  source?.close();
  retryAt.value = 0;
  lastHeard = Date.now();
  source = new EventSource("/v1/dashboards/conversion/events");
  source.addEventListener("data", onData);
  source.addEventListener("heartbeat", onHeartbeat);
  source.addEventListener("failure", onFailure);
  source.onerror = breakOff;
}

export function setPaused(value: boolean): void {
  batch(() => {
    paused.value = value;
    if (!value && waiting !== null) {
      dataset.value = waiting;
      waiting = null;
    }
  });
}

export function start(): void {
  connect();
  setInterval(() => {
    now.value = Date.now();
    if (source !== null && Date.now() - lastHeard > SILENCE_MILLIS) {
      breakOff();
    }
  }, 250);
}
