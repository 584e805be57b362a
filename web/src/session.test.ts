import { afterEach, expect, test, vi } from "vitest";
import { access, findAccess, keyProblem, logIn, loginError, parseWho, viewProblem, who } from "./session";

function answer(status: number, body: unknown): void {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), { status }));
}

afterEach(() => vi.unstubAllGlobals());

test("a key is two parts with a dot", () => {
  expect(keyProblem("WEIRA.b/+.c")).toBe("");
  for (const wrong of ["", "WEIRA", ".b", "a.", "a b.c", "a.b c"]) {
    expect(keyProblem(wrong), wrong).not.toBe("");
  }
});

test("who may see the figures", () => {
  const of = (roles: unknown, streams?: unknown) => viewProblem(parseWho({ required: true, key_id: "k", roles, streams }));
  expect(of(["ingest"])).toContain("It is for: ingest.");
  expect(of(["ingest", "viewer"])).toBe("");
  expect(of("admin")).not.toBe("");
  expect(of(["viewer"], ["ClickStream"])).toContain("only for ClickStream.");
  expect(of(["viewer"], ["Click*"])).not.toBe("");
  expect(of(["viewer"], [])).toBe("");
  expect(of(["viewer"], ["ClickStream", "*"])).toBe("");
  expect(viewProblem(parseWho(null))).toBe("");
});

test("a server without authentication lets everyone in", async () => {
  answer(200, { required: false, key_id: "", roles: ["admin"] });
  await findAccess();
  expect(access.value).toBe("open");
  expect(who.value?.required).toBe(false);
});

test("401 asks for a key, and its answer opens the page", async () => {
  answer(401, {});
  await findAccess();
  expect(access.value).toBe("login");
  answer(401, { error: { message: "the key is wrong" } });
  expect(await logIn("a.b")).toBe(false);
  expect(loginError.value).toBe("The key is wrong.");
  answer(201, { required: true, key_id: "a", roles: ["viewer"] });
  expect(await logIn("a.b")).toBe(true);
  expect(access.value).toBe("open");
  expect(who.value?.keyId).toBe("a");
});

test("a key without the role stays outside", async () => {
  vi.stubGlobal("fetch", async (_: string, options: RequestInit) =>
    options.method === "DELETE"
      ? new Response(null, { status: 204 })
      : new Response(JSON.stringify({ required: true, key_id: "a", roles: ["ingest"] }), { status: 201 }),
  );
  expect(await logIn("a.b")).toBe(false);
  expect(access.value).toBe("login");
  expect(loginError.value).toContain("ingest");
});

test("a key of some streams stays outside", async () => {
  answer(200, { required: true, key_id: "a", roles: ["viewer"], streams: ["ClickStream", "OrderStream"] });
  await findAccess();
  expect(access.value).toBe("login");
  expect(loginError.value).toContain("only for ClickStream, OrderStream");
});

test("a server that cannot be asked is left to the event stream", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new Error("down")));
  await findAccess();
  expect(access.value).toBe("open");
});
