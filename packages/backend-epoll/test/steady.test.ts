import { afterAll, describe, expect, it } from "@jest/globals";
import { type BackendFactory, Loop, READ } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import { EpollBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";
import type { EpollPort, EpollSet } from "../src/port.js";
import { bytesPerCall, closeAll, drain, pipe, send } from "@polyloop/sys/testing";

/** The real port, and how often it was called. */
function countingPort(): { readonly port: EpollPort; readonly calls: string[] } {
  const calls: string[] = [];
  const count = (set: EpollSet): EpollSet =>
    new Proxy(set, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...details: unknown[]) => {
          calls.push(String(key));
          return Reflect.apply(value, target, details) as unknown;
        };
      },
    });
  return { port: { open: () => count(nativePort.open()) }, calls };
}

function factoryOf(port: EpollPort): BackendFactory {
  return {
    name: "epoll",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new EpollBackend(context, port),
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
    loop.run("nowait");
    calls.length = 0;
    for (let turn = 0; turn < 100; turn++) loop.run("nowait");
    expect(calls).toEqual(Array.from({ length: 100 }, () => "wait"));
    for (const [reader] of pipes) drain(reader);
    loop.close();
  });

  it("makes one native call, too, when watchers are started, changed and stopped in it", () => {
    const { port, calls } = countingPort();
    const loop = new Loop({ backend: factoryOf(port) });
    const watchers = Array.from({ length: 20 }, () => loop.io(openPipe()[0], READ, () => {}));
    loop.run("nowait");
    calls.length = 0;
    for (const [index, watcher] of watchers.entries()) {
      if (index % 2 === 0) watcher.stop();
      else watcher.modify(READ | 4);
    }
    for (let more = 0; more < 20; more++) loop.io(openPipe()[0], READ, () => {});
    loop.run("nowait");
    expect(calls).toEqual(["wait"]);
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

  it("allocates nothing with timers, an async watcher, prepare, check and idle watchers", () => {
    const loop = new Loop({ backend: factoryOf(nativePort) });
    loop.timer(0.001, () => {}, { repeat: 0.001 });
    loop.timer(100_000, () => {});
    loop.prepare(() => {});
    loop.check(() => {});
    loop.idle(() => {});
    const wake = loop.async(() => {});
    expect(
      bytesPerCall(() => {
        wake.send();
        loop.run("once");
      }),
    ).toBeLessThan(1);
    loop.close();
  });

  it("allocates nothing when it waits for a timer", () => {
    const loop = new Loop({ backend: factoryOf(nativePort) });
    loop.timer(0.0001, () => {}, { repeat: 0.0001 });
    expect(bytesPerCall(() => loop.run("once"))).toBeLessThan(1);
    loop.close();
  });
});
