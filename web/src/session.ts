/** Who this page is to the server: nobody needs to be, or a key has logged in. */

import { batch, signal } from "@preact/signals";

/** "asking" until the server has said; a server that cannot be asked counts as open. */
export type Access = "asking" | "open" | "login";

/** Who has logged in. */
export interface Who {
  /** Whether the server asks for keys at all. */
  readonly required: boolean;
  readonly keyId: string;
  readonly roles: readonly string[];
  /** The streams that the key is bound to, some as "prefix*"; none for all. */
  readonly streams: readonly string[];
}

export const access = signal<Access>("asking");
export const who = signal<Who | null>(null);
/** Why there is a login form: what went wrong, "" at first. */
export const loginError = signal("");
export const loginBusy = signal(false);

const PATH = "/v1/session";
const PATIENCE_MILLIS = 5_000;
/** Browsers let only pages of this server send it. */
const HEADERS = { "content-type": "application/json", "x-weir-request": "1" };
const VIEWING_ROLES = ["viewer", "analyst", "operator", "admin"];

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

export function parseWho(json: unknown): Who {
  const fields = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  return {
    required: fields.required === true,
    keyId: typeof fields.key_id === "string" ? fields.key_id : "",
    roles: texts(fields.roles),
    streams: texts(fields.streams),
  };
}

/** Why the key may not see what the page shows, the figures of all streams; "" when it may. */
export function viewProblem(who: Who): string {
  if (who.required && !who.roles.some((role) => VIEWING_ROLES.includes(role))) {
    return `This key may not see the dashboard. It is for: ${who.roles.join(", ")}.`;
  }
  if (who.required && who.streams.length > 0 && !who.streams.includes("*")) {
    return (
      "This key may not see the dashboard, which shows the figures of all streams. " +
      `It is only for ${who.streams.join(", ")}.`
    );
  }
  return "";
}

/** What is wrong with the text of a key before it is sent; "" when nothing is. */
export function keyProblem(key: string): string {
  if (key === "") {
    return "Enter a key.";
  }
  return /^[^\s.]+\.\S+$/.test(key) ? "" : "A key is two parts with a dot between them: WEIR….secret";
}

/** Shows the login form, with what brought it up. */
export function needLogin(reason: string): void {
  batch(() => {
    access.value = "login";
    who.value = null;
    loginError.value = reason;
  });
}

function letIn(next: Who): void {
  batch(() => {
    who.value = next;
    access.value = "open";
    loginError.value = "";
  });
}

/** Asks the server who this page is. */
export async function findAccess(): Promise<void> {
  try {
    const response = await fetch(PATH, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLIS) });
    if (response.status === 401) {
      needLogin(who.value === null ? "" : "The session has ended.");
    } else if (response.ok) {
      const next = parseWho(await response.json());
      const problem = viewProblem(next);
      if (problem === "") {
        letIn(next);
      } else {
        needLogin(problem);
      }
    } else {
      access.value = "open";
    }
  } catch {
    // The event stream tries again, and tells that the server is away.
    access.value = "open";
  }
}

async function message(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: { message?: unknown } };
    const text = body.error?.message;
    if (typeof text === "string" && text !== "") {
      return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
    }
  } catch {
    // Said below.
  }
  return `The server answered ${response.status}.`;
}

/** Whether the key was let in. */
export async function logIn(key: string): Promise<boolean> {
  const problem = keyProblem(key);
  if (problem !== "") {
    loginError.value = problem;
    return false;
  }
  loginBusy.value = true;
  loginError.value = "";
  try {
    const response = await fetch(PATH, { method: "POST", headers: HEADERS, body: JSON.stringify({ key }) });
    if (!response.ok) {
      loginError.value = await message(response);
      return false;
    }
    const next = parseWho(await response.json());
    const refusal = viewProblem(next);
    if (refusal !== "") {
      await endSession();
      needLogin(refusal);
      return false;
    }
    letIn(next);
    return true;
  } catch {
    loginError.value = "The server does not answer. Try again.";
    return false;
  } finally {
    loginBusy.value = false;
  }
}

async function endSession(): Promise<void> {
  const response = await fetch(PATH, { method: "DELETE", headers: HEADERS });
  if (!response.ok) {
    throw new Error(await message(response));
  }
}

export async function logOut(): Promise<void> {
  try {
    await endSession();
    needLogin("");
  } catch {
    // Still logged in: the page stays as it is, and its banner tells that the server is away.
  }
}
