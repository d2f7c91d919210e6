import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "@jest/globals";
import { createLoop, type Loop, type LoopError, registerBackend } from "@polyloop/loop-core";
import { ManualSystem, scripted } from "@polyloop/loop-core/testing";

const root = mkdtempSync(join(tmpdir(), "polyloop-create-"));
const loops: Loop[] = [];
const environment = process.env["POLYLOOP_BACKEND"];

afterEach(() => {
  for (const loop of loops.splice(0)) loop.close();
  if (environment === undefined) delete process.env["POLYLOOP_BACKEND"];
  else process.env["POLYLOOP_BACKEND"] = environment;
});
afterAll(() => {
  rmSync(root, { recursive: true });
});

async function create(options: Parameters<typeof createLoop>[0]): Promise<Loop> {
  const loop = await createLoop({ root, system: new ManualSystem(), ...options });
  loops.push(loop);
  return loop;
}

async function failure(options: Parameters<typeof createLoop>[0]): Promise<LoopError> {
  try {
    await create(options);
  } catch (error) {
    return error as LoopError;
  }
  throw new Error("a loop was made");
}

const { clock } = new ManualSystem();

describe("createLoop", () => {
  it("takes names of registered backends, factories, and lists of both", async () => {
    const undo = registerBackend(scripted(clock, { name: "known" }));
    expect((await create({ backend: "known" })).backend).toMatchObject({ name: "known", source: "the backend option" });
    expect((await create({ backend: scripted(clock, { name: "own" }) })).backend.name).toBe("own");
    const both = await create({ backend: [scripted(clock, { name: "own" }), "known"] });
    expect(both.backend.requested).toEqual(["own", "known"]);
    undo();
    expect((await failure({ backend: "known" })).code).toBe("ERR_UNKNOWN_BACKEND");
  });

  it("goes by the environment, and the option goes before it", async () => {
    const undo = [registerBackend(scripted(clock, { name: "one" })), registerBackend(scripted(clock, { name: "two" }))];
    process.env["POLYLOOP_BACKEND"] = "two,one";
    expect((await create({})).backend).toMatchObject({
      name: "two",
      requested: ["two", "one"],
      source: "POLYLOOP_BACKEND",
    });
    expect((await create({ backend: "one" })).backend.name).toBe("one");
    for (const one of undo) one();
  });

  it("an unknown name is an error that lists what is installed and registered", async () => {
    const undo = registerBackend(scripted(clock, { name: "known" }));
    mkdirSync(join(root, "node_modules", "@polyloop", "backend-installed"), { recursive: true });
    mkdirSync(join(root, "node_modules", "polyloop-backend-foreign"), { recursive: true });
    const error = await failure({ backend: "nonesuch" });
    expect(error.code).toBe("ERR_UNKNOWN_BACKEND");
    expect(error.message).toMatch(/no backend "nonesuch".*foreign, installed, known/);
    expect(error.remedy).toContain("@polyloop/backend-nonesuch");
    undo();
  });

  it.each(["../evil", "a/b", "", "Epoll"])("never looks up the name %p", async (name) => {
    expect((await failure({ backend: name })).code).toBe("ERR_CONFIGURATION");
  });

  it("takes a relative root, and refuses one that is no path", async () => {
    const undo = registerBackend(scripted(clock, { name: "known" }));
    expect((await create({ backend: "known", root: "." })).backend.name).toBe("known");
    undo();
    expect((await failure({ backend: "nonesuch", root: "." })).code).toBe("ERR_UNKNOWN_BACKEND");
    expect((await failure({ root: 5 as never })).code).toBe("ERR_INVALID_ARG_TYPE");
  });

  it.each([5, null, {}, [], [5], [""]])("refuses the backend %p", async (backend) => {
    expect((await failure({ backend: backend as never })).code).toMatch(/^ERR_/);
  });
});

describe("registerBackend", () => {
  it.each([undefined, {}, { name: "Bad Name", probe: () => ({}), create: () => ({}) }])("refuses %p", (factory) => {
    let code = "";
    try {
      registerBackend(factory as never);
    } catch (error) {
      code = (error as LoopError).code;
    }
    expect(code).toMatch(/^ERR_INVALID_ARG_(TYPE|VALUE)$/);
  });
});
