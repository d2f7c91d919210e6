import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { type BackendFactory, Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { bytesPerCall, closeAll, drain, pipe, send } from "@polyloop/sys/testing";
import { LinuxAioBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";
import type { AioContext, AioPort } from "../src/port.js";

/** The real port, and how often its contexts were called. */
function countingPort(): { readonly port: AioPort; readonly calls: string[] } {
  const calls: string[] = [];
  const count = (context: AioContext): AioContext =>
    new Proxy(context, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...details: unknown[]) => {
          calls.push(String(key));
          return Reflect.apply(value, target, details) as unknown;
        };
      },
    });
  return { port: { ...nativePort, open: (requests) => count(nativePort.open(requests)) }, calls };
}

function factoryOf(port: AioPort): BackendFactory {
  return {
    name: "linuxaio",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new LinuxAioBackend(context, port),
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

const TRACED = [
  ...["io_setup", "io_submit", "io_getevents", "io_pgetevents", "io_cancel", "io_destroy"],
  ...["poll", "ppoll", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "read", "write", "mkdir"],
];

/** System calls that the loop's thread made between the marks of a program, by name. Where they cannot be seen, why. */
function trace(program: string): Map<string, string[]> | string {
  const directory = mkdtempSync(join(tmpdir(), "polyloop-trace-"));
  try {
    const output = join(directory, "trace");
    // An architecture that lacks one of them has its relative.
    const calls = TRACED.map((name) => `?${name}`).join(",");
    const options = ["-f", "-y", "-qq", "-o", output, "-e", `trace=${calls}`];
    const result = spawnSync("strace", [...options, process.execPath, program], { encoding: "utf8", timeout: 60_000 });
    if (result.error !== undefined) return result.error.message;
    if (result.status !== 0) {
      if (/ptrace|PTRACE|Operation not permitted/.test(result.stderr)) return result.stderr.trim();
      throw new Error(result.stderr);
    }
    return sortCalls(readFileSync(output, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function sortCalls(lines: string): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  // The program ends its contexts in other threads, which come late when the machine is busy.
  const thread = /^(\d+) +mkdir\("\/proc\/polyloop-/m.exec(lines)?.[1] as string;
  let calls: string[] = [];
  for (const line of lines.split("\n")) {
    if (!line.startsWith(`${thread} `)) continue;
    const mark = /mkdir\("\/proc\/polyloop-(\w+)"/.exec(line)?.[1];
    if (mark !== undefined) kinds.set(mark, (calls = []));
    const [, call, on] = /^\d+ +(\w+)\(([^,)]*)/.exec(line) ?? [];
    if (call === undefined || call === "mkdir") continue;
    // Reads and writes of the program itself are not the backend's.
    if ((call === "read" || call === "write") && on?.includes("[eventfd]") !== true) continue;
    calls.push(call);
  }
  return kinds;
}

describe("the system calls of a hundred turns that do not wait", () => {
  const traced = trace(fileURLToPath(new URL("fixtures/turns.mjs", import.meta.url)));
  if (typeof traced === "string") {
    process.stderr.write(`skipped: counting system calls, because strace cannot run here (${traced})\n`);
  }
  const check = typeof traced === "string" ? it.skip : it;
  const callsOf = (kind: string): string[] | undefined => (traced as Map<string, string[]>).get(kind);
  const hundred = (call: string): string[] => Array.from({ length: 100 }, () => call);

  check("are none when nothing is ready", () => {
    expect(callsOf("idle")).toEqual([]);
  });

  check.each(["pipes", "sockets"])("are one io_submit each, however many %s are ready", (kind) => {
    expect(callsOf(kind)).toEqual(hundred("io_submit"));
  });

  check("are, when something comes to armed sockets, at most one poll more each, however many they are", () => {
    const calls = callsOf("arrivals") ?? [];
    // They arm and are told in turn.
    expect(calls.filter((call) => call === "io_submit")).toHaveLength(50);
    const others = calls.filter((call) => call !== "io_submit");
    expect(others).toEqual(others.map(() => "poll"));
    expect(others.length).toBeLessThanOrEqual(50);
  });

  check("are one look at the embedded set each, when files are always ready, however many", () => {
    const calls = callsOf("files") ?? [];
    // Now and then one of them is offered to epoll anew.
    const looks = calls.filter((call) => call !== "epoll_ctl");
    expect(looks).toHaveLength(100);
    expect(looks.every((call) => call.startsWith("epoll_"))).toBe(true);
    expect(calls.length - looks.length).toBeLessThanOrEqual(100 / 16 + 1);
  });
});
