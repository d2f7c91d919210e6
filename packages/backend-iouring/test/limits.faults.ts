import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { type BackendFactory, type IoWatcher, Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, runRefused, Sysctl } from "@polyloop/sys/testing";
import { IoUringBackend } from "../src/backend.js";
import { iouring } from "../src/index.js";
import { nativePort } from "../src/native.js";

const MANY = 5000;

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("skipped: kernel.io_uring_disabled and mounts, because only root may change them");

/** What a program says of the probe and of a loop, under a command that takes something away from it. */
function answersUnder(...command: readonly [string, ...string[]]): unknown {
  const [name, ...options] = command;
  const program = [process.execPath, at("fixtures/answers.mjs")];
  const { status, stdout, stderr } = spawnSync(name, [...options, ...program], { encoding: "utf8", timeout: 60_000 });
  if (status !== 0) throw new Error(`${name}: ${String(status)} ${stderr}`);
  return JSON.parse(stdout);
}

// Skipped for the reason that is printed above.
(isRoot ? describe : describe.skip)("with kernel.io_uring_disabled", () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it("2, the probe says so and what to do, and the loop runs on epoll with a warning", () => {
    const warnings: string[] = [];
    jest.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
    const disabled = new Sysctl("kernel.io_uring_disabled");
    disabled.value = 2;
    try {
      expect(iouring().probe()).toEqual({
        ok: false,
        code: "EPERM",
        reason: "io_uring_setup failed with EPERM (kernel.io_uring_disabled is 2: nobody may use it)",
        remedy: "Allow it with sysctl -w kernel.io_uring_disabled=0, or use the epoll backend",
      });
      const loop = new Loop({ backend: iouring() });
      expect(loop.backend.name).toBe("epoll");
      expect(loop.backend.skipped).toMatchObject([{ name: "iouring", code: "EPERM" }]);
      loop.close();
      expect(warnings.join()).toMatch(/iouring.*io_uring_disabled/s);
      expect(() => new Loop({ backend: iouring(), strict: true })).toThrow(/io_uring_disabled is 2/);
    } finally {
      disabled.restore();
    }
  });

  it("2 from one moment to the next, a loop that would have to grow goes on with epoll, and no event is lost", () => {
    jest.spyOn(process, "emitWarning").mockImplementation(() => {});
    const disabled = new Sysctl("kernel.io_uring_disabled");
    const counters = Array.from({ length: MANY }, () => sys.eventfd(1));
    const loop = new Loop({ backend: [iouring(), epoll()] });
    const told = new Set<number>();
    try {
      for (const fd of counters.slice(0, 10)) loop.io(fd, READ, () => told.add(fd));
      loop.run("nowait");
      expect([loop.backend.name, told.size]).toEqual(["iouring", 10]);
      disabled.value = 2;
      for (const fd of counters.slice(10)) loop.io(fd, READ, () => told.add(fd));
      // epoll begins with 64 answers a turn, and doubles that.
      for (let turn = 0; turn < 10; turn++) loop.run("nowait");
      expect([loop.backend.name, told.size]).toEqual(["epoll", MANY]);
    } finally {
      disabled.restore();
      loop.close();
      closeAll(...counters);
    }
  });
});

it("under a seccomp profile that forbids io_uring_setup, the probe says so", () => {
  const ending = runRefused(["io_uring_setup"], at("fixtures/answers.mjs"));
  if (typeof ending === "string") {
    process.stderr.write(`skipped: io_uring_setup forbidden by seccomp (${ending})\n`);
    return;
  }
  if (ending.status !== 0) throw new Error(ending.stderr);
  expect(JSON.parse(ending.stdout)).toMatchObject({
    probe: {
      code: "EPERM",
      reason: "io_uring_setup failed with EPERM (a seccomp profile or a security module forbids it)",
      remedy: expect.stringContaining("seccomp profile"),
    },
    name: "epoll",
  });
});

it("with RLIMIT_MEMLOCK of nothing at all, either it works (since Linux 5.12) or the probe says so", () => {
  const answers = answersUnder("prlimit", "--memlock=0:0", "--") as { probe: { ok: boolean }; name: string };
  if (answers.probe.ok) expect(answers.name).toBe("iouring");
  else expect(answers).toMatchObject({ probe: { remedy: expect.stringContaining("RLIMIT_MEMLOCK") }, name: "epoll" });
});

it("with a completion queue of the smallest size, of 5000 that are ready at once none is lost", () => {
  const smallest: BackendFactory = {
    name: "iouring",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new IoUringBackend(context, { ...nativePort, open: () => nativePort.open(1, 1) }),
  };
  const counters = Array.from({ length: MANY }, () => sys.eventfd(0));
  const loop = new Loop({ backend: smallest, strict: true });
  const told = new Map<number, number>();
  const watchers: IoWatcher[] = counters.map((fd) =>
    loop.io(fd, READ, () => {
      told.set(fd, (told.get(fd) ?? 0) + 1);
    }),
  );
  loop.run("nowait");
  for (const fd of counters) sys.write(fd, new Uint8Array(new BigUint64Array([1n]).buffer));
  for (let turn = 0; turn < 3; turn++) loop.run("nowait");
  expect([told.size, [...told.values()].every((count) => count === 3)]).toEqual([MANY, true]);
  expect(watchers.every(({ active }) => active)).toBe(true);
  loop.close();
  closeAll(...counters);
});

// Skipped for the reason that is printed above.
(isRoot ? describe : describe.skip)("with mounts of its own", () => {
  it("a watcher of /proc/self/mounts is told of each change, though to look at it is to take it", () => {
    const args = ["--mount", process.execPath, at("fixtures/mounts.mjs")];
    const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 60_000 });
    expect([status, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual([1, 1]);
  });
});
