import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "@jest/globals";
import { epoll } from "@polyloop/backend-epoll";
import { Loop, READ } from "@polyloop/loop-core";
import { closeAll, collectAll, drain, pipe, send } from "@polyloop/sys/testing";

/** A program of this package's fixtures, which runs on the built packages. */
const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

const descriptors = (): number => readdirSync("/proc/self/fd").length;

/** How much asynchronous I/O is set up on the whole machine (io_setup(2)); a kernel without it has no such file. */
function asyncRequests(): number {
  const file = "/proc/sys/fs/aio-nr";
  return existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
}

const measure = (): { descriptors: number; asyncRequests: number; memory: NodeJS.MemoryUsage } => ({
  descriptors: descriptors(),
  asyncRequests: asyncRequests(),
  memory: process.memoryUsage(),
});

/** AddressSanitizer keeps what was freed for a while, in order to notice a late use. */
const keepsFreed = process.env["POLYLOOP_ASAN"] !== undefined;
if (keepsFreed) process.stderr.write("skipped: the size of the process, because AddressSanitizer keeps freed memory\n");

describe("promise 35: nothing leaks", () => {
  it("10 000 loops, opened, used and closed, leave descriptors, memory and aio-nr as they were", async () => {
    const [reader, writer] = pipe();
    const live = (): void => {
      const loop = new Loop({ backend: epoll() });
      const wake = loop.async(() => {});
      loop.io(reader, READ, () => {});
      loop.timer(0, () => {});
      loop.prepare(() => {});
      wake.send();
      loop.run("nowait");
      loop.close();
    };
    for (let life = 0; life < 3000; life++) live();
    await collectAll();
    const before = measure();
    for (let life = 0; life < 10_000; life++) live();
    await collectAll();
    const after = measure();
    expect(after.descriptors).toBe(before.descriptors);
    // Other programs may come and go meanwhile; one request a life would be ten thousand.
    expect(after.asyncRequests - before.asyncRequests).toBeLessThan(10_000);
    // A hundred bytes a life would be a megabyte.
    expect(after.memory.heapUsed - before.memory.heapUsed).toBeLessThan(500_000);
    expect(after.memory.external - before.memory.external).toBeLessThan(500_000);
    if (!keepsFreed) expect(after.memory.rss - before.memory.rss).toBeLessThan(40_000_000);
    closeAll(reader, writer);
  });

  it("a loop that throws at its making leaves nothing open", () => {
    const before = descriptors();
    expect(() => new Loop({ backend: [] })).toThrow();
    expect(descriptors()).toBe(before);
  });
});

/** In a function of its own, so that no frame holds the last of them. */
function leaveLoops(count: number): void {
  for (let made = 0; made < count; made++) {
    const loop = new Loop({ backend: epoll() });
    loop.async(() => {});
    loop.timer(1, () => {});
    loop.run("nowait");
  }
}

describe("promise 38: ends of all kinds", () => {
  it("a loop left to the garbage collector gives its descriptors back", async () => {
    const before = descriptors();
    leaveLoops(200);
    expect(descriptors()).toBeGreaterThan(before + 200);
    const limit = Date.now() + 20_000;
    while (descriptors() > before && Date.now() < limit) await collectAll();
    expect(descriptors()).toBe(before);
  });

  it.each(["worker-for-ever.mjs", "worker-for-ever.cjs"])(
    "a worker terminated while it waits for ever ends, and leaves no descriptor (%s)",
    async (name) => {
      const before = descriptors();
      const started = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Worker(fixture(name), { workerData: started });
      await new Promise((resolve) => worker.once("message", resolve));
      // The worker says so just before it waits; give it the time to get there.
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await worker.terminate()).toBe(1);
      expect(descriptors()).toBe(before);
    },
  );

  it("a worker terminated before it waits, at whatever moment, ends, too", async () => {
    for (let delay = 0; delay < 12; delay++) {
      const worker = new Worker(fixture("worker-for-ever.mjs"), {
        workerData: new Int32Array(new SharedArrayBuffer(4)),
      });
      worker.on("error", () => {});
      await new Promise((resolve) => setTimeout(resolve, delay * 4));
      await worker.terminate();
    }
  });

  it.each([
    "exit-in-callback.mjs",
    "exit-with-worker.mjs",
    "worker-terminated.mjs",
    "loop-left-open.mjs",
    "loops-collected.mjs",
    "close-in-callback.mjs",
  ])("the process ends cleanly: %s", (name) => {
    const result = spawnSync(process.execPath, ["--expose-gc", fixture(name)], { timeout: 60_000, encoding: "utf8" });
    expect({ status: result.status, signal: result.signal, stderr: result.stderr }).toEqual({
      status: name.startsWith("exit") ? 7 : 0,
      signal: null,
      stderr: "",
    });
  });
});

describe("promise 32: async from another thread", () => {
  it("wakes a loop that is blocked, and every burst of sends is noticed", () => {
    const output = execFileSync(process.execPath, [fixture("async-from-workers.mjs")], {
      timeout: 60_000,
      encoding: "utf8",
    });
    expect(JSON.parse(output)).toEqual({ everyBurstNoticed: true, closedSendsRefused: true, descriptorsLeft: 0 });
  });
});

describe("promise 36: run() owns its thread", () => {
  it("timeouts and promises of Node wait until it returns", async () => {
    const order: string[] = [];
    const loop = new Loop({ backend: epoll() });
    setTimeout(() => order.push("setTimeout"), 0);
    void Promise.resolve().then(() => order.push("promise"));
    loop.timer(20, () => order.push("loop"));
    loop.run();
    order.push("run returned");
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(order).toEqual(["loop", "run returned", "promise", "setTimeout"]);
    loop.close();
  });
});

describe("promises 5 and 23: waits on epoll", () => {
  it("never end a timer early, and are finer than a millisecond", () => {
    const loop = new Loop({ backend: epoll() });
    expect(loop.backend.supports.preciseTimeouts).toBe(true);
    const late: number[] = [];
    for (let round = 0; round < 50; round++) {
      const delay = 0.1 + round / 20;
      const begin = performance.now();
      loop.timer(delay, () => late.push(performance.now() - begin - delay));
      loop.run();
    }
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    loop.close();
  });

  it("nothing to do for a while costs a few turns at most", () => {
    const loop = new Loop({ backend: epoll() });
    const [reader, writer] = pipe();
    loop.io(reader, READ, () => {});
    loop.timer(300, () => {
      loop.break();
    });
    loop.run();
    expect(loop.iteration).toBeLessThan(5);
    loop.close();
    closeAll(reader, writer);
  });

  it("ioCollectInterval lets events batch", () => {
    const loop = new Loop({ backend: epoll() });
    const [reader, writer] = pipe();
    let called = 0;
    loop.io(reader, READ, () => {
      called++;
      drain(reader);
      if (called < 10) send(writer);
      else loop.break();
    });
    loop.ioCollectInterval = 5;
    send(writer);
    const begin = performance.now();
    loop.run();
    expect(performance.now() - begin).toBeGreaterThanOrEqual(40);
    loop.close();
    closeAll(reader, writer);
  });
});
