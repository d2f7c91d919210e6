import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { type BackendFactory, Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { bytesPerCall, closeAll, drain, pipe, send } from "@polyloop/sys/testing";
import { IoUringBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";
import type { Ring, IoUringPort } from "../src/port.js";

/** The real port, and how often its rings were called. */
function countingPort(): { readonly port: IoUringPort; readonly calls: string[] } {
  const calls: string[] = [];
  const count = (ring: Ring): Ring =>
    new Proxy(ring, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...details: unknown[]) => {
          calls.push(String(key));
          return Reflect.apply(value, target, details) as unknown;
        };
      },
    });
  return { port: { ...nativePort, open: (...sizes) => count(nativePort.open(...sizes)) }, calls };
}

function factoryOf(port: IoUringPort): BackendFactory {
  return {
    name: "iouring",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new IoUringBackend(context, port),
  };
}

const opened: number[] = [];
afterAll(() => {
  closeAll(...opened);
});

function openPipe(): readonly [number, number] {
  const ends = pipe();
  opened.push(...ends);
  return ends;
}

describe("a steady turn", () => {
  it("makes one native call, however many descriptors are ready", () => {
    const { port, calls } = countingPort();
    const loop = new Loop({ backend: factoryOf(port) });
    const pipes = Array.from({ length: 50 }, openPipe);
    for (const [reader] of pipes) loop.io(reader, READ, () => {});
    for (const [, writer] of pipes) send(writer);
    for (let turn = 0; turn < 20; turn++) loop.run("nowait");
    calls.length = 0;
    for (let turn = 0; turn < 100; turn++) loop.run("nowait");
    expect(calls).toEqual(Array.from({ length: 100 }, () => "exchange"));
    for (const [reader] of pipes) drain(reader);
    loop.close();
  });

  it("makes one native call, too, when watchers are started, changed and stopped in it", () => {
    const { port, calls } = countingPort();
    const loop = new Loop({ backend: factoryOf(port) });
    const watchers = Array.from({ length: 10 }, () => loop.io(openPipe()[0], READ, () => {}));
    loop.run("nowait");
    calls.length = 0;
    for (const [index, watcher] of watchers.entries()) {
      if (index % 2 === 0) watcher.stop();
      else watcher.modify(READ | 4);
    }
    for (let more = 0; more < 10; more++) loop.io(openPipe()[0], READ, () => {});
    loop.run("nowait");
    expect(calls).toEqual(["exchange"]);
    loop.close();
  });

  it("allocates nothing: descriptors ready, read and written", () => {
    const loop = new Loop({ backend: factoryOf(nativePort) });
    const buffer = new Uint8Array(1);
    const pipes = Array.from({ length: 10 }, openPipe);
    for (const [index, [reader]] of pipes.entries()) {
      const writer = pipes[(index + 1) % pipes.length]?.[1] as number;
      loop.io(reader, READ, (watcher) => {
        sys.read(watcher.fd, buffer, 0, 1);
        sys.write(writer, buffer, 0, 1);
      });
    }
    for (const [, writer] of pipes.slice(0, 3)) send(writer);
    expect(bytesPerCall(() => loop.run("once"))).toBeLessThan(1);
    loop.close();
  });

  it("allocates nothing when it waits for a timer, also while answers of stopped watchers are under way", () => {
    const loop = new Loop({ backend: factoryOf(nativePort) });
    const watcher = loop.io(openPipe()[0], READ, () => {});
    let turns = 0;
    loop.timer(0.0001, () => {}, { repeat: 0.0001 });
    expect(
      bytesPerCall(() => {
        if (turns++ % 2 === 0) watcher.stop();
        else watcher.start();
        loop.run("once");
      }),
    ).toBeLessThan(1);
    loop.close();
  });
});

const TRACED = ["io_uring_setup", "io_uring_enter", "io_uring_register", "?poll", "?ppoll", "mkdir"];

/** System calls between the marks that a program made, by name. */
function trace(program: string): Map<string, string[]> | string {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-trace-"));
  try {
    const output = join(directory, "trace");
    const options = ["-f", "-qq", "-o", output, "-e", `trace=${TRACED.join(",")}`];
    const result = spawnSync("strace", [...options, process.execPath, program], { encoding: "utf8", timeout: 60_000 });
    if (result.error !== undefined) return result.error.message;
    if (result.status !== 0) {
      if (/ptrace|PTRACE|Operation not permitted/.test(result.stderr)) return result.stderr.trim();
      throw new Error(result.stderr);
    }
    const kinds = new Map<string, string[]>();
    let kind = "start";
    for (const line of readFileSync(output, "utf8").split("\n")) {
      const mark = /mkdir\("\/proc\/polyloop-(\w+)"/.exec(line)?.[1];
      if (mark !== undefined) kind = mark;
      const call = /^\d+ +(io_uring_\w+|poll|ppoll)\(/.exec(line)?.[1];
      if (call !== undefined) kinds.set(kind, [...(kinds.get(kind) ?? []), call]);
      else if (mark !== undefined) kinds.set(kind, []);
    }
    return kinds;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("the system calls of a hundred turns that do not wait", () => {
  it("are none when nothing is ready, and one poll each, however many descriptors stay ready", () => {
    const traced = trace(fileURLToPath(new URL("fixtures/turns.mjs", import.meta.url)));
    if (typeof traced === "string") {
      process.stderr.write(`skipped: counting system calls, because strace cannot run here (${traced})\n`);
      return;
    }
    expect(traced.get("start")).toContain("io_uring_setup");
    expect(traced.get("idle")).toEqual([]);
    const ready = traced.get("ready") ?? [];
    expect([ready.length, new Set(ready).size, ready[0]]).toEqual([100, 1, expect.stringMatching(/^p?poll$/)]);
  });
});
