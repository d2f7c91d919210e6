import { spawnSync } from "node:child_process";
import { openSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { Loop, READ, WRITE } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { closeAll, collectAll, fill, GENEROUS, pipe, streamPair, tcpPair, until } from "@polyloop/sys/testing";
import { iouring } from "../src/index.js";

const descriptors = (): number => readdirSync("/proc/self/fd").length;
/** Whatever is mapped of rings: those that the thread has registered have no descriptor. */
const mappings = (): number => readFileSync("/proc/self/maps", "utf8").split("[io_uring]").length - 1;
const measure = (): { descriptors: number; mappings: number } => ({ descriptors: descriptors(), mappings: mappings() });

/** AddressSanitizer keeps what was freed for a while, in order to notice a late use. */
const keepsFreed = process.env["POLYLOOP_ASAN"] !== undefined;
if (keepsFreed) process.stderr.write("skipped: the size of the process, because AddressSanitizer keeps freed memory\n");

const LIVES = 10_000;
/** A thread registers so many rings. One that kept its place when it was closed would be seen: another keeps its descriptor. */
const INDICES = 16;

/** What so many loops take that each registered ring is in use, all told. */
function measureFullThread(): { descriptors: number; mappings: number } {
  const loops = Array.from({ length: INDICES }, () => new Loop({ backend: iouring(), strict: true }));
  const taken = measure();
  for (const loop of loops) loop.close();
  return taken;
}

describe("promise 35: nothing leaks", () => {
  it(`${String(LIVES)} loops, opened, used and closed, leave descriptors, rings and memory as they were`, async () => {
    const [reader, writer] = pipe();
    const [near, far] = streamPair();
    // Its other side sends no more, which nobody asked about: the embedded epoll set gets it.
    fill(near);
    sys.shutdown(far, "write");
    const file = openSync(process.execPath, "r");
    const live = (): void => {
      const loop = new Loop({ backend: iouring(), strict: true });
      const wake = loop.async(() => {});
      loop.io(reader, READ, () => {}, { edge: true });
      loop.io(near, WRITE, () => {});
      loop.io(file, READ, () => {});
      loop.timer(0, () => {});
      wake.send();
      loop.run("nowait");
      loop.close();
    };
    for (let life = 0; life < 3000; life++) live();
    await collectAll();
    const before = { ...measure(), full: measureFullThread(), memory: process.memoryUsage() };
    for (let life = 0; life < LIVES; life++) live();
    await collectAll();
    const memory = process.memoryUsage();
    expect({ ...measure(), full: measureFullThread() }).toEqual({
      descriptors: before.descriptors,
      mappings: before.mappings,
      full: before.full,
    });
    // A hundred bytes a life would be a megabyte.
    expect(memory.heapUsed - before.memory.heapUsed).toBeLessThan(500_000);
    expect(memory.external - before.memory.external).toBeLessThan(500_000);
    if (!keepsFreed) expect(memory.rss - before.memory.rss).toBeLessThan(60_000_000);
    closeAll(reader, writer, near, far, file);
  });
});

/** In a function of its own, so that no frame holds the last of them. */
function leaveLoops(count: number): void {
  for (let made = 0; made < count; made++) {
    const loop = new Loop({ backend: iouring(), strict: true });
    loop.async(() => {});
    loop.timer(1, () => {});
    loop.run("nowait");
  }
}

describe("promise 38: ends of all kinds", () => {
  it("loops left to the garbage collector give everything back", async () => {
    const before = measure();
    leaveLoops(200);
    expect(descriptors()).toBeGreaterThan(before.descriptors + 100);
    expect(mappings()).toBeGreaterThan(before.mappings + 100);
    const limit = Date.now() + GENEROUS;
    while ((descriptors() > before.descriptors || mappings() > before.mappings) && Date.now() < limit) {
      await collectAll();
    }
    expect(measure()).toEqual(before);
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

/** Whether poll(2) finds that the other side has gone: POLLIN (the end can be read), POLLERR (nobody reads) or POLLHUP. */
function isEnd(peer: number): boolean {
  const answer = new Int32Array([peer, 1 | 4, 0]);
  sys.poll(answer, 0);
  return ((answer[2] as number) & (1 | 8 | 16)) !== 0;
}

describe("promise 18: stop, then close", () => {
  describe.each([
    ["a pipe", pipe],
    ["a socket", streamPair],
    ["a TCP connection", tcpPair],
  ])("of %s", (_name, make) => {
    it.each([
      ["level-triggered", false],
      ["edge-triggered", true],
    ])("%s: the peer sees the end with the next turn", (_kind, edge) => {
      const [near, far] = make();
      const loop = new Loop({ backend: iouring(), strict: true });
      const watcher = loop.io(near, READ, () => {}, { edge });
      loop.run("nowait");
      watcher.stop();
      sys.close(near);
      expect(isEnd(far)).toBe(false);
      loop.run("nowait");
      expect(isEnd(far)).toBe(true);
      loop.close();
      closeAll(far);
    });

    it("the peer sees it at once when the loop was closed", () => {
      const [near, far] = make();
      const loop = new Loop({ backend: iouring(), strict: true });
      loop.io(near, READ, () => {});
      loop.run("nowait");
      loop.close();
      sys.close(near);
      expect(isEnd(far)).toBe(true);
      closeAll(far);
    });
  });

  /** A watched socket whose ring was replaced by a larger one so many turns ago, stopped and closed. Returns its peer. */
  function closeAfterGrowth(turns: number): { readonly far: number; readonly end: () => void } {
    const [near, far] = streamPair();
    const loop = new Loop({ backend: iouring(), strict: true });
    const watcher = loop.io(near, READ, () => {});
    loop.run("nowait");
    const counters = Array.from({ length: 4000 }, () => sys.eventfd(0));
    for (const fd of counters) loop.io(fd, READ, () => {});
    for (let turn = 0; turn < turns; turn++) loop.run("nowait");
    watcher.stop();
    sys.close(near);
    loop.run("nowait");
    const end = (): void => {
      loop.close();
      closeAll(far, ...counters);
    };
    return { far, end };
  }

  it("the peer sees it with the turn in which the ring grows", () => {
    const { far, end } = closeAfterGrowth(0);
    expect(isEnd(far)).toBe(true);
    end();
  });

  it("the peer sees it, too, in the turn after that, when the kernel has ended the smaller ring", async () => {
    const { far, end } = closeAfterGrowth(1);
    await until(() => isEnd(far));
    end();
  });
});
