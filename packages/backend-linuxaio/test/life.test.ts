import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, collectAll, GENEROUS, pipe, pty, streamPair, tcpPair, until } from "@polyloop/sys/testing";
import { linuxaio } from "../src/index.js";

const descriptors = (): number => readdirSync("/proc/self/fd").length;
/** What all contexts of the machine were asked for. */
const charged = (): number => Number(readFileSync("/proc/sys/fs/aio-nr", "utf8"));
/** Contexts are torn down by threads. */
const threads = (): number => readdirSync("/proc/self/task").length;

/** AddressSanitizer keeps what was freed for a while, in order to notice a late use. */
const keepsFreed = process.env["POLYLOOP_ASAN"] !== undefined;
if (keepsFreed) process.stderr.write("skipped: the size of the process, because AddressSanitizer keeps freed memory\n");

const LIVES = 10_000;
/** Requests that the contexts of other programs may come to meanwhile; one of ours is charged with fifteen. */
const MARGIN = 600;
/** Threads that Node.js may have started since; there are never more than 64 that end contexts. */
const NEW_THREADS = 8;

describe("promise 35: nothing leaks", () => {
  it(`${String(LIVES)} loops, opened, used and closed, leave descriptors, memory and aio-nr as they were`, async () => {
    const ownThreads = threads();
    const [reader, writer] = pipe();
    const [master, terminal] = pty();
    const live = (): void => {
      // Contexts that nobody needs any more must not keep others from being opened.
      const loop = new Loop({ backend: linuxaio(), strict: true });
      const wake = loop.async(() => {});
      loop.io(reader, READ, () => {});
      loop.io(terminal, READ, () => {});
      loop.timer(0, () => {});
      wake.send();
      loop.run("nowait");
      loop.close();
    };
    for (let life = 0; life < 3000; life++) live();
    await collectAll();
    await until(() => threads() <= ownThreads + NEW_THREADS);
    const before = { descriptors: descriptors(), charged: charged(), memory: process.memoryUsage() };
    for (let life = 0; life < LIVES; life++) live();
    await collectAll();
    // Contexts end in threads, and these end by themselves.
    await until(() => charged() < before.charged + MARGIN && threads() <= ownThreads + NEW_THREADS);
    await collectAll();
    const memory = process.memoryUsage();
    expect(descriptors()).toBe(before.descriptors);
    // A hundred bytes a life would be a megabyte.
    expect(memory.heapUsed - before.memory.heapUsed).toBeLessThan(500_000);
    expect(memory.external - before.memory.external).toBeLessThan(500_000);
    if (!keepsFreed) expect(memory.rss - before.memory.rss).toBeLessThan(60_000_000);
    closeAll(reader, writer, master, terminal);
  });
});

/** In a function of its own, so that no frame holds the last of them. */
function leaveLoops(count: number): void {
  for (let made = 0; made < count; made++) {
    const loop = new Loop({ backend: linuxaio() });
    loop.async(() => {});
    loop.timer(1, () => {});
    loop.run("nowait");
  }
}

describe("promise 38: ends of all kinds", () => {
  it("loops left to the garbage collector give everything back", async () => {
    const before = descriptors();
    leaveLoops(200);
    expect(descriptors()).toBeGreaterThan(before + 100);
    const during = charged();
    const limit = Date.now() + GENEROUS;
    while (descriptors() > before && Date.now() < limit) await collectAll();
    expect(descriptors()).toBe(before);
    await until(() => charged() < during - 200 * 15 + MARGIN);
  });

  it.each([
    ["left open", 0],
    ["closed in a callback", 0],
    ["exit in a callback", 7],
    ["exit just after many were closed", 7],
    ["exit while a worker waits", 7],
    ["a worker is terminated while it waits", 0],
    ["left to the garbage collector", 0],
  ])("the process ends cleanly: %s", (kind, status) => {
    const program = fileURLToPath(new URL("fixtures/ends.mjs", import.meta.url));
    const result = spawnSync(process.execPath, ["--expose-gc", program, kind], { timeout: 60_000, encoding: "utf8" });
    expect({ status: result.status, signal: result.signal, stderr: result.stderr }).toEqual({
      status,
      signal: null,
      stderr: "",
    });
  });
});

/** The kernel lets go of a file some time after it was asked to. */
function expectEnd(peer: number): void {
  const answer = new Int32Array([peer, 1 | 4, 0]);
  const limit = Date.now() + GENEROUS;
  do sys.poll(answer, 100);
  while (((answer[2] as number) & (1 | 8 | 16)) === 0 && Date.now() < limit);
  expect((answer[2] as number) & (1 | 8 | 16)).not.toBe(0);
}

describe("promise 18: stop, then close", () => {
  it.each([
    ["a pipe", pipe],
    ["a socket", streamPair],
    ["a TCP connection", tcpPair],
  ])("of %s: the peer sees the end of the stream though the loop does nothing more", (_name, make) => {
    const [near, far] = make();
    const loop = new Loop({ backend: linuxaio() });
    const watcher = loop.io(near, READ, () => {});
    loop.run("nowait");
    watcher.stop();
    sys.close(near);
    loop.run("nowait");
    expectEnd(far);
    loop.close();
    closeAll(far);
  });

  it("the peer sees it, too, of one that has moved to a larger context while thousands still move", () => {
    const [near, far] = streamPair();
    const counters: number[] = [];
    const loop = new Loop({ backend: linuxaio(), strict: true });
    // The lowest number moves first.
    const watcher = loop.io(near, READ, () => {});
    const watchMore = (count: number): void => {
      for (let made = 0; made < count; made++) {
        const fd = sys.eventfd(0);
        if (fd < 0) throw new Error(sys.errnoName(fd));
        counters.push(fd);
        loop.io(fd, READ, () => {});
      }
    };
    watchMore(4000);
    for (let turn = 0; turn < 20; turn++) loop.run("nowait");
    watchMore(4000);
    loop.run("nowait");
    watcher.stop();
    sys.close(near);
    for (let turn = 0; turn < 20; turn++) loop.run("nowait");
    expectEnd(far);
    loop.close();
    closeAll(far, ...counters);
  });
});
