import { rmSync } from "node:fs";
import { join } from "node:path";
import type { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type PackedApplication, packedApplication } from "./packed-application.js";

/** What the tests are written with. */
export interface InstalledTools {
  readonly afterAll: typeof afterAll;
  readonly beforeAll: typeof beforeAll;
  readonly describe: typeof describe;
  readonly expect: typeof expect;
  readonly it: typeof it;
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

/** The tests of a backend besides epoll, packed and installed in an application; its package exports a factory of its name. */
export function installedBesideEpoll(
  name: string,
  { afterAll, beforeAll, describe, expect, it }: InstalledTools,
): void {
  describe("packed and installed in an application outside the workspace", () => {
    let application: PackedApplication;
    beforeAll(() => {
      application = packedApplication(["sys", "loop-core", "backend-epoll", `backend-${name}`]);
    }, 120_000);
    afterAll(() => {
      application.remove();
    });

    it("is found by its name and runs a loop", () => {
      expect(application.run(RUN, { POLYLOOP_BACKEND: name })).toEqual({ name, called: 1, skipped: [] });
    });

    it("is used beside others, by its factory", () => {
      const source = `
        import { Loop } from "@polyloop/loop-core";
        import { epoll } from "@polyloop/backend-epoll";
        import { ${name} } from "@polyloop/backend-${name}";
        const loop = new Loop({ backend: [${name}(), epoll()] });
        console.log(JSON.stringify([loop.backend.name, loop.backend.requested]));
        loop.close();`;
      expect(application.run(source)).toEqual([name, [name, "epoll"]]);
    });

    it("without its binary the loop runs on epoll, and says why", () => {
      rmSync(join(application.directory, "node_modules", "@polyloop", `backend-${name}`, "build"), { recursive: true });
      expect(application.run(RUN, { POLYLOOP_BACKEND: name })).toEqual({
        name: "epoll",
        called: 1,
        skipped: [[name, expect.stringMatching(/^ERR_ADDON_/)]],
      });
    });
  });
}
