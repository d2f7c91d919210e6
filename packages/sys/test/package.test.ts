import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import * as sys from "../src/index.js";
import { FIXTURES, PACKAGE } from "./support.js";

/** Runs a program on the built package in a process of its own and returns the JSON it prints. */
function runFixture(name: string, args: readonly string[] = [], flags: readonly string[] = []): unknown {
  const result = spawnSync(process.execPath, [...flags, join(FIXTURES, name), ...args], {
    encoding: "utf8",
    timeout: 50_000,
  });
  expect([result.status, result.stderr]).toEqual([0, expect.not.stringContaining("Error")]);
  return JSON.parse(result.stdout);
}

describe("the built package", () => {
  it("opens nothing when imported, and the binary at the first call", () => {
    const { names, imported, called } = runFixture("import-opens-nothing.mjs") as Record<string, unknown>;
    expect([imported, called]).toEqual([false, true]);
    expect(names).toEqual(expect.arrayContaining([...Object.keys(sys), "loadAddon", "Wakeup", "sendWakeup"]));
  });

  it("can be required", () => {
    expect(runFixture("require.cjs")).toEqual({ name: "EAGAIN", consumed: 1 });
  });

  it("works in two copies and two threads of one process", () => {
    const directory = mkdtempSync(join(tmpdir(), "polyloop-copy-"));
    const copy = join(directory, "copy.node");
    copyFileSync(join(PACKAGE, "build", "Release", "sys.node"), copy);
    const expected = { bytes: 300, sent: true, consumed: 1 };
    expect(runFixture("copies.mjs", [copy])).toEqual([expected, expected]);
    rmSync(directory, { recursive: true });
  });

  it("keeps pinned views apart: two copies, three threads, much garbage, JavaScript that ends anywhere", () => {
    const directory = mkdtempSync(join(tmpdir(), "polyloop-copy-"));
    for (const name of ["package.json", "dist", join("build", "Release", "sys.node")])
      cpSync(join(PACKAGE, name), join(directory, name), { recursive: true });
    const flags = ["--expose-gc", "--gc-interval=2000", "--compact-on-every-full-gc"];
    const moved = 400 * 40 * 2 + 50 * 16;
    expect(runFixture("pinned.mjs", [directory], flags)).toEqual([moved, moved, moved]);
    rmSync(directory, { recursive: true });
  });

  it("answers or throws, and never crashes, with any bad argument in any place", () => {
    expect(runFixture("exercise.mjs", [], ["--expose-gc"])).toEqual({ thrown: expect.any(Number) });
  });

  it("allocates nothing in the hot functions", () => {
    const bytes = runFixture("allocation.mjs", [], ["--expose-gc"]) as Record<string, number>;
    const { "an allocation, to show that one is seen": control, ...hot } = bytes;
    expect(control).toBeGreaterThan(8);
    for (const [name, perCall] of Object.entries(hot))
      expect([name, perCall < 1 ? "nothing" : perCall]).toEqual([name, "nothing"]);
  });
});
