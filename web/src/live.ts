/** The connection to the server: one event stream, opened again with growing pauses when it breaks. */

import { batch, effect, signal } from "@preact/signals";
import { parseDataset, type Dataset } from "./dataset";
import { access, findAccess, needLogin } from "./session";

export type Connection = "connecting" | "live" | "lost";

const FIRST_PAUSE_MILLIS = 500;
const LONGEST_PAUSE_MILLIS = 10_000;
/** The server sends a heartbeat each second; after so long without any the connection counts as lost. */
const SILENCE_MILLIS = 6_000;
/** A connection that was silent for so long is called stale before it is given up. */
const HUSH_MILLIS = 3_000;
/** Without new records for so long, the page calls the pipeline idle. */
const IDLE_MILLIS = 10_000;
/** A record may wait for so long in the pipeline before the page calls it behind. */
const BEHIND_MILLIS = 5_000;

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
/** Age of the oldest record that the applications have not read; 0 when they have caught up. */
export const behindMillis = signal(0);
/** Which part of the pipeline has stopped and why; "" when all run. */
export const stopped = signal("");
/** Newest input in the server's figures, also while the page is paused. */
const asOf = signal<number | null>(null);
/** When the server was last heard of, by this machine's clock. */
const lastHeard = signal(Date.now());
/** The server's clock minus this machine's. */
const clockOffset = signal(0);

let waiting: Dataset | null = null;
let source: EventSource | null = null;
let pause = FIRST_PAUSE_MILLIS;
let retryTimer: ReturnType<typeof setTimeout> | undefined;

/** Age of the newest figure on screen; null when there is none. */
export function figureAge(): number | null {
  const shown = paused.value ? (dataset.value?.asOfMillis ?? null) : asOf.value;
  return shown === null ? null : Math.max(0, now.value + clockOffset.value - shown);
}

/** How fresh the figures are, worst first; what the reader chose (pause) comes before what is normal. */
export type Freshness =
  | "offline"
  | "connecting"
  | "silent"
  | "failing"
  | "stopped"
  | "behind"
  | "paused"
  | "loading"
  | "waiting"
  | "idle"
  | "live";

export function freshness(): Freshness {
  const old = figureAge();
  if (connection.value !== "live") {
    return connection.value === "lost" ? "offline" : "connecting";
  }
  if (silence() > HUSH_MILLIS) {
    return "silent";
  }
  if (failure.value !== "") {
    return "failing";
  }
  if (stopped.value !== "") {
    return "stopped";
  }
  if (behindMillis.value > BEHIND_MILLIS) {
    return "behind";
  }
  if (paused.value) {
    return "paused";
  }
  if (dataset.value === null) {
    return "loading";
  }
  if (old === null) {
    return "waiting";
  }
  return old > IDLE_MILLIS ? "idle" : "live";
}

/** How long nothing came from the server, not even a heartbeat. */
export function silence(): number {
  return Math.max(0, now.value - lastHeard.value);
}

function show(next: Dataset): void {
  if (paused.value && dataset.value !== null) {
    waiting = next;
  } else {
    dataset.value = next;
  }
}

function heard(): void {
  lastHeard.value = Date.now();
  pause = FIRST_PAUSE_MILLIS;
  retryAt.value = 0;
  connection.value = "live";
}

/** What data and heartbeats both tell. */
interface Beat {
  readonly now_millis?: unknown;
  readonly as_of_millis?: unknown;
  readonly behind_millis?: unknown;
  readonly stopped?: unknown;
}

function noteBeat(beat: Beat): void {
  if (typeof beat.now_millis === "number" && beat.now_millis > 0) {
    clockOffset.value = beat.now_millis - Date.now();
  }
  if (typeof beat.as_of_millis === "number") {
    asOf.value = beat.as_of_millis;
  }
  behindMillis.value = typeof beat.behind_millis === "number" ? beat.behind_millis : 0;
  stopped.value = typeof beat.stopped === "string" ? beat.stopped : "";
}

function onData(event: MessageEvent<string>): void {
  batch(() => {
    heard();
    try {
      const json: unknown = JSON.parse(event.data);
      const next = parseDataset(json);
      noteBeat(json as Beat);
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
    noteBeat(JSON.parse(event.data) as Beat);
  });
}

function onFailure(event: MessageEvent<string>): void {
  batch(() => {
    heard();
    const report = JSON.parse(event.data) as { message?: unknown };
    failure.value = typeof report.message === "string" ? report.message : "the query failed";
  });
}

/** Closes the stream, for good until connect is called. */
function disconnect(): void {
  source?.close();
  source = null;
  clearTimeout(retryTimer);
}

/** The session has ended, or its key may no longer see this. */
function onEnded(): void {
  disconnect();
  needLogin("The session has ended.");
}

/** An event stream does not tell why it was refused: perhaps for want of a session. */
function onError(): void {
  disconnect();
  void findAccess().then(() => {
    if (access.value !== "login") {
      breakOff();
    }
  });
}

function breakOff(): void {
  disconnect();
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
  lastHeard.value = Date.now();
  source = new EventSource("/v1/dashboards/conversion/events");
  source.addEventListener("data", onData);
  source.addEventListener("heartbeat", onHeartbeat);
  source.addEventListener("failure", onFailure);
  source.addEventListener("ended", onEnded);
  source.onerror = onError;
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
  void findAccess();
  // Connects when the server has let this page in, and lets go when it no longer does.
  effect(() => {
    if (access.value === "open") {
      connect();
    } else {
      disconnect();
      dataset.value = null;
      waiting = null;
    }
  });
  setInterval(() => {
    now.value = Date.now();
    if (source !== null && silence() > SILENCE_MILLIS) {
      breakOff();
    }
  }, 250);
}
