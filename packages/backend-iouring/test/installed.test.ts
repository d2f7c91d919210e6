import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type PackedApplication, packedApplication } from "@polyloop/sys/testing";

let application: PackedApplication;
beforeAll(() => {
  application = packedApplication(["sys", "loop-core", "backend-epoll", "backend-iouring"]);
}, 120_000);
afterAll(() => {
  application.remove();
});

/** Runs a program as the application's main script; what it prints is parsed as JSON. */
function runApp(source: string, env: NodeJS.ProcessEnv = {}): unknown {
  const file = join(application.directory, "main.mjs");
  writeFileSync(file, source);
  // Somewhere else: backends are resolved from the application, not from where it is run.
  const options = { cwd: tmpdir(), encoding: "utf8" as const, timeout: 60_000 };
  const result = spawnSync(process.execPath, [file], { ...options, env: { PATH: process.env["PATH"], ...env } });
  if (result.status !== 0) throw new Error(result.stderr);
  return JSON.parse(result.stdout);
}

const RUN = `
  import { createLoop, READ } from "@polyloop/loop-core";
  import { pipe, write } from "@polyloop/sys";
  const loop = await createLoop();
  const ends = new Int32Array(2);
  pipe(ends);
  let called = 0;
  loop.io(ends[0], READ, () => called++);
  write(ends[1], new Uint8Array(1));
  loop.run("once");
  const { name, skipped } = loop.backend;
  loop.close();
  console.log(JSON.stringify({ name, called, skipped: skipped.map(({ name, code }) => [name, code]) }));`;

describe("packed and installed in an application outside the workspace", () => {
  it("is found by its name and runs a loop", () => {
    expect(runApp(RUN, { POLYLOOP_BACKEND: "iouring" })).toEqual({ name: "iouring", called: 1, skipped: [] });
  });

  it("is used beside others, by its factory", () => {
    const source = `
      import { Loop } from "@polyloop/loop-core";
      import { epoll } from "@polyloop/backend-epoll";
      import { iouring } from "@polyloop/backend-iouring";
      const loop = new Loop({ backend: [iouring(), epoll()] });
      console.log(JSON.stringify([loop.backend.name, loop.backend.requested]));
      loop.close();`;
    expect(runApp(source)).toEqual(["iouring", ["iouring", "epoll"]]);
  });

  it("without its binary the loop runs on epoll, and says why", () => {
    rmSync(join(application.directory, "node_modules", "@polyloop", "backend-iouring", "build"), { recursive: true });
    expect(runApp(RUN, { POLYLOOP_BACKEND: "iouring" })).toEqual({
      name: "epoll",
      called: 1,
      skipped: [["iouring", expect.stringMatching(/^ERR_ADDON_/)]],
    });
  });
});
