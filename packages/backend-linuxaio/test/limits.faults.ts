import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { Sysctl, until } from "@polyloop/sys/testing";
import { linuxaio } from "../src/index.js";

const MANY = 5000;

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("skipped: the limits of Linux AIO, because only root may change fs.aio-max-nr");

/** Requests that all contexts of the system are charged with. */
const inUse = (): number => Number(readFileSync("/proc/sys/fs/aio-nr", "utf8"));

/** Other programs open and close contexts meanwhile. */
const MARGIN = 400;

/** Waits until as many are in use as before: contexts end in threads of their own. */
const untilInUse = (before: number): Promise<void> => until(() => inUse() < before + MARGIN);

// Skipped for the reason that is printed above.
(isRoot ? describe : describe.skip)("with fs.aio-max-nr", () => {
  const maximum = new Sysctl("fs.aio-max-nr");
  const warnings: string[] = [];
  const opened: number[] = [];
  let before = 0;

  beforeEach(() => {
    jest.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(String(warning)));
    before = inUse();
  });
  afterEach(async () => {
    maximum.restore();
    for (const fd of opened.splice(0)) sys.close(fd);
    await untilInUse(before);
    jest.restoreAllMocks();
    warnings.length = 0;
  });

  function counters(count: number, initial: number): number[] {
    const fds = Array.from({ length: count }, () => sys.eventfd(initial));
    for (const fd of fds) expect(fd).toBeGreaterThan(0);
    opened.push(...fds);
    return fds;
  }

  it("used up, the probe says so and what to do, and the loop runs on epoll with a warning", () => {
    maximum.value = before;
    expect(linuxaio().probe()).toEqual({
      ok: false,
      code: "EAGAIN",
      reason: expect.stringMatching(
        /^io_setup failed with EAGAIN \(fs\.aio-max-nr is used up: \d+ of \d+ are taken\)$/,
      ),
      remedy: expect.stringContaining("Raise fs.aio-max-nr"),
    });
    const loop = new Loop({ backend: linuxaio() });
    expect(loop.backend.name).toBe("epoll");
    expect(loop.backend.skipped).toMatchObject([{ name: "linuxaio", code: "EAGAIN" }]);
    const [fd = -1] = counters(1, 1);
    let calls = 0;
    loop.io(fd, READ, () => calls++);
    loop.run("once");
    expect(calls).toBe(1);
    loop.close();
    expect(warnings.join()).toMatch(/linuxaio.*fs\.aio-max-nr/s);
    expect(() => new Loop({ backend: linuxaio(), strict: true })).toThrow(/fs\.aio-max-nr is used up/);
  });

  it("too small to grow in, 5000 watchers go on with epoll in the middle of a run, and no event is lost", () => {
    const loop = new Loop({ backend: [linuxaio(), epoll()] });
    expect(loop.backend.name).toBe("linuxaio");
    maximum.value = inUse() + 100;
    const calls = new Map<number, number>();
    const watch = (fd: number): void => {
      calls.set(fd, 0);
      const watcher = loop.io(fd, READ, () => {
        calls.set(fd, (calls.get(fd) ?? 0) + 1);
        watcher.stop();
      });
    };
    // Asked about in the context that will be given up, and ready before and after that.
    const early = counters(40, 0);
    early.forEach(watch);
    loop.run("nowait");
    for (const fd of early.slice(0, 20)) sys.write(fd, new BigUint64Array([1n]));
    const late = counters(MANY - early.length, 1);
    // In a callback, so that it happens in the middle of a run.
    loop.timer(0, () => {
      late.forEach(watch);
      for (const fd of early.slice(20)) sys.write(fd, new BigUint64Array([1n]));
    });
    loop.run();
    expect(loop.backend.name).toBe("epoll");
    const [{ name, reason } = { name: "", reason: "" }] = loop.backend.skipped;
    expect([name, reason]).toEqual(["linuxaio", expect.stringContaining("fs.aio-max-nr is used up")]);
    expect([...calls.values()].filter((count) => count === 1)).toHaveLength(MANY);
    loop.close();
    expect(warnings.join()).toMatch(/linuxaio.*epoll/s);
  });

  it("large enough for one context but not for two, a loop grows by giving the old one up first", () => {
    const loop = new Loop({ backend: linuxaio(), strict: true });
    counters(100, 1).forEach((fd) => loop.io(fd, READ, () => {}));
    loop.run("nowait");
    const small = inUse();
    // 126 are asked for now, 510 will be.
    maximum.value = small + 400;
    let calls = 0;
    counters(200, 1).forEach((fd) => loop.io(fd, READ, () => calls++));
    loop.run("nowait");
    expect(loop.backend.name).toBe("linuxaio");
    expect(calls).toBe(200);
    loop.close();
  });
});

describe("a process that is killed in the middle of a poll", () => {
  it("gives back what it was charged with", async () => {
    const before = inUse();
    const source = `
      import { linuxaio } from ${JSON.stringify(new URL("../dist/src/index.js", import.meta.url).href)};
      import { Loop, READ } from ${JSON.stringify(new URL("../../loop-core/dist/src/index.js", import.meta.url).href)};
      import { eventfd } from ${JSON.stringify(new URL("../../sys/dist/src/index.js", import.meta.url).href)};
      const loop = new Loop({ backend: linuxaio(), strict: true });
      for (let count = 0; count < ${String(MANY)}; count++) loop.io(eventfd(0), READ, () => {});
      loop.timer(1, () => process._rawDebug("polling"));
      loop.run();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const ended = new Promise((resolve) =>
      child.once("close", (_status, signal) => {
        resolve(signal);
      }),
    );
    let said = "";
    await new Promise<void>((resolve, reject) => {
      child.stderr.on("data", (text) => {
        said += String(text);
        if (said.includes("polling")) resolve();
      });
      child.once("close", () => {
        reject(new Error(said));
      });
    });
    expect(inUse()).toBeGreaterThanOrEqual(before + MANY - MARGIN);
    child.kill("SIGKILL");
    expect(await ended).toBe("SIGKILL");
    await untilInUse(before);
  });
});
