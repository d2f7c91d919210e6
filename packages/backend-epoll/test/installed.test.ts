import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type PackedApplication, packages, packedApplication, tools } from "@polyloop/sys/testing";

let application: PackedApplication;
let app: string;
beforeAll(() => {
  application = packedApplication();
  app = application.directory;
}, 120_000);
afterAll(() => {
  application.remove();
});

const CREATE = `
  import { createLoop } from "@polyloop/loop-core";
  try {
    const loop = await createLoop();
    console.log(JSON.stringify(loop.backend));
    loop.close();
  } catch ({ code, message }) {
    console.log(JSON.stringify({ code, message }));
  }`;

describe("packed and installed in an application outside the workspace", () => {
  it("createLoop finds the epoll backend by its name, from wherever it is run", () => {
    expect(application.run(CREATE)).toMatchObject({ name: "epoll", requested: ["epoll"], source: "the default" });
  });

  it("the environment names the backend, and an unknown one lists what is installed", () => {
    expect(application.run(CREATE, { POLYLOOP_BACKEND: "epoll" })).toMatchObject({
      name: "epoll",
      source: "POLYLOOP_BACKEND",
    });
    const { code, message } = application.run(CREATE, { POLYLOOP_BACKEND: "iouring" }) as {
      code: string;
      message: string;
    };
    expect(code).toBe("ERR_UNKNOWN_BACKEND");
    expect(message).toContain("installed or registered: epoll");
    expect(message).toContain("install the package @polyloop/backend-iouring");
  });

  it("the application's package.json names the backend", () => {
    writeFileSync(
      join(app, "package.json"),
      JSON.stringify({ type: "module", polyloop: { backend: "epoll", strict: true } }),
    );
    expect(application.run(CREATE)).toMatchObject({ name: "epoll", source: join(app, "package.json") });
    writeFileSync(join(app, "package.json"), JSON.stringify({ type: "module", polyloop: { backend: "nonesuch" } }));
    expect(application.run(CREATE)).toMatchObject({ code: "ERR_UNKNOWN_BACKEND" });
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", type: "module" }));
  });

  it("a third party's backend is found as polyloop-backend-<name>", () => {
    const directory = join(app, "node_modules", "polyloop-backend-mine");
    mkdirSync(directory);
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ name: "polyloop-backend-mine", type: "module", exports: { "./register": "./register.js" } }),
    );
    writeFileSync(
      join(directory, "register.js"),
      `import { epoll } from "@polyloop/backend-epoll";
       import { registerBackend } from "@polyloop/loop-core";
       registerBackend({ ...epoll(), name: "mine" });`,
    );
    expect(application.run(CREATE, { POLYLOOP_BACKEND: "mine" })).toMatchObject({ requested: ["mine"] });
  });

  it("a package without a register entry, or whose entry registers nothing, is an error that says so", () => {
    const directory = join(app, "node_modules", "polyloop-backend-halfway");
    mkdirSync(directory);
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module", exports: { ".": "./index.js" } }));
    expect((application.run(CREATE, { POLYLOOP_BACKEND: "halfway" }) as { message: string }).message).toContain(
      "polyloop-backend-halfway/register is installed but cannot be resolved",
    );
    writeFileSync(
      join(directory, "package.json"),
      JSON.stringify({ type: "module", exports: { "./register": "./r.js" } }),
    );
    writeFileSync(join(directory, "r.js"), "");
    expect((application.run(CREATE, { POLYLOOP_BACKEND: "halfway" }) as { message: string }).message).toContain(
      "the same copy of @polyloop/loop-core",
    );
  });

  it("works with require(), too", () => {
    const source = `
      const { Loop, TIMER } = require("@polyloop/loop-core");
      const { epoll } = require("@polyloop/backend-epoll");
      const loop = new Loop({ backend: epoll() });
      let seen = 0;
      loop.timer(1, (_timer, events) => { seen = events; });
      loop.run();
      console.log(JSON.stringify(seen === TIMER));`;
    expect(application.run(source, {}, "main.cjs")).toBe(true);
  });

  it("its type declarations stand on their own under strict settings", () => {
    writeFileSync(
      join(app, "use.ts"),
      `import { epoll } from "@polyloop/backend-epoll";
       import { type IoWatcher, Loop, READ } from "@polyloop/loop-core";
       import { ScriptedBackend } from "@polyloop/loop-core/testing";
       import { read } from "@polyloop/sys";
       const loop = new Loop({ backend: epoll() });
       const watcher: IoWatcher = loop.io(0, READ, (self, events) => { read(self.fd, new Uint8Array(events)); });
       export const all = [watcher.error?.code, ScriptedBackend.name];`,
    );
    writeFileSync(
      join(app, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: "es2022",
          module: "nodenext",
          lib: ["es2023", "esnext.disposable"],
          types: [join(packages, "..", "node_modules", "@types", "node")],
        },
        files: ["use.ts"],
      }),
    );
    const result = spawnSync(join(tools, "tsc"), ["-p", app], { encoding: "utf8" });
    expect(result.stdout).toBe("");
    expect(result.status).toBe(0);
  });

  it("a loop cannot be found without its binary, and the error lists where it was looked for", () => {
    rmSync(join(app, "node_modules", "@polyloop", "backend-epoll", "build"), { recursive: true });
    const { code, message } = application.run(CREATE) as { code: string; message: string };
    expect(code).toBe("ERR_NO_BACKEND");
    for (const text of [
      "build/Release/backend_epoll.node",
      "no such file",
      "cmake-js compile",
      "apt-get install g++ cmake make",
    ]) {
      expect(message).toContain(text);
    }
  });
});
