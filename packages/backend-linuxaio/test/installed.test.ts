import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type PackedApplication, packedApplication } from "@polyloop/sys/testing";

let application: PackedApplication;
beforeAll(() => {
  application = packedApplication(["sys", "loop-core", "backend-epoll", "backend-linuxaio"]);
}, 120_000);
afterAll(() => {
  application.remove();
});

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
    expect(application.run(RUN, { POLYLOOP_BACKEND: "linuxaio" })).toEqual({
      name: "linuxaio",
      called: 1,
      skipped: [],
    });
  });

  it("is used beside others, by its factory", () => {
    const source = `
      import { Loop } from "@polyloop/loop-core";
      import { epoll } from "@polyloop/backend-epoll";
      import { linuxaio } from "@polyloop/backend-linuxaio";
      const loop = new Loop({ backend: [linuxaio(), epoll()] });
      console.log(JSON.stringify([loop.backend.name, loop.backend.requested]));
      loop.close();`;
    expect(application.run(source)).toEqual(["linuxaio", ["linuxaio", "epoll"]]);
  });

  it("without its binary the loop runs on epoll, and says why", () => {
    rmSync(join(application.directory, "node_modules", "@polyloop", "backend-linuxaio", "build"), { recursive: true });
    expect(application.run(RUN, { POLYLOOP_BACKEND: "linuxaio" })).toEqual({
      name: "epoll",
      called: 1,
      skipped: [["linuxaio", expect.stringMatching(/^ERR_ADDON_/)]],
    });
  });
});
