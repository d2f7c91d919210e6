import { type Backend, type BackendContext, type BackendFactory, Loop, READ } from "@polyloop/loop-core";
import { counting } from "./proxies.js";

/** As much of a test runner, of `@polyloop/sys` and of `@polyloop/sys/testing` as the suite needs. */
export interface SteadyTools {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => void) => unknown;
  readonly expect: (actual: unknown) => {
    readonly toEqual: (expected: unknown) => void;
    readonly toBeLessThan: (limit: number) => void;
  };
  readonly sys: {
    readonly read: (fd: number, into: Uint8Array, start: number, length: number) => number;
    readonly write: (fd: number, from: Uint8Array, start: number, length: number) => number;
  };
  readonly kernel: {
    readonly pipe: () => readonly [reader: number, writer: number];
    readonly send: (fd: number) => void;
    readonly drain: (fd: number) => number;
    readonly closeAll: (...fds: number[]) => void;
    readonly bytesPerCall: (step: () => void) => number;
  };
}

/** Hands out a native object, as it is or such that its calls are counted. */
export type Seen = <Native extends object>(native: Native) => Native;

/** What the suite needs to know of a backend. */
export interface SteadyBackend extends SteadyTools {
  readonly name: string;
  /** Makes one on the real kernel; every native object that its port opens goes through `seen`. */
  readonly create: (context: BackendContext, seen: Seen) => Backend;
  /** The native call that a turn makes. */
  readonly call: string;
  /** Turns until what is always ready is polled in the way that it will be. */
  readonly settling: number;
  /** Watchers that may be started, and as many stopped or changed, in one turn. */
  readonly changes: number;
  /** Its requests are answered also after the watcher has been stopped. */
  readonly answersLate: boolean;
}

/** A backend on the real kernel, the calls of whose native objects are noted if there is a list for them. */
export function factoryOf({ name, create }: Pick<SteadyBackend, "name" | "create">, calls?: string[]): BackendFactory {
  return {
    name,
    probe: () => ({ ok: true, features: [] }),
    create: (context) => create(context, (native) => (calls === undefined ? native : counting(native, calls))),
  };
}

/** Defines the tests of turns like the one before: each makes one native call and allocates nothing. */
export function steadyTurns(backend: SteadyBackend): void {
  const { describe, it, expect, sys, kernel } = backend;

  /** Runs a test on a loop of its own, with pipes of its own. */
  function onLoop(body: (loop: Loop, openPipe: () => readonly [number, number]) => void, calls?: string[]): void {
    const opened: number[] = [];
    const loop = new Loop({ backend: factoryOf(backend, calls) });
    body(loop, () => {
      const ends = kernel.pipe();
      opened.push(...ends);
      return ends;
    });
    loop.close();
    kernel.closeAll(...opened);
  }

  describe("a steady turn", () => {
    it("makes one native call, however many descriptors are ready", () => {
      const calls: string[] = [];
      onLoop((loop, openPipe) => {
        const pipes = Array.from({ length: 50 }, openPipe);
        for (const [reader] of pipes) loop.io(reader, READ, () => undefined);
        for (const [, writer] of pipes) kernel.send(writer);
        for (let turn = 0; turn < backend.settling; turn++) loop.run("nowait");
        calls.length = 0;
        for (let turn = 0; turn < 100; turn++) loop.run("nowait");
        expect(calls).toEqual(Array.from({ length: 100 }, () => backend.call));
        for (const [reader] of pipes) kernel.drain(reader);
      }, calls);
    });

    it("makes one native call, too, when watchers are started, changed and stopped in it", () => {
      const calls: string[] = [];
      onLoop((loop, openPipe) => {
        const watch = () => loop.io(openPipe()[0], READ, () => undefined);
        const watchers = Array.from({ length: backend.changes }, watch);
        loop.run("nowait");
        calls.length = 0;
        for (const [index, watcher] of watchers.entries()) {
          if (index % 2 === 0) watcher.stop();
          else watcher.modify(READ | 4);
        }
        for (let more = 0; more < backend.changes; more++) watch();
        loop.run("nowait");
        expect(calls).toEqual([backend.call]);
      }, calls);
    });

    it("allocates nothing: descriptors ready, read and written", () => {
      onLoop((loop, openPipe) => {
        const buffer = new Uint8Array(1);
        const pipes = Array.from({ length: 10 }, openPipe);
        for (const [index, [reader]] of pipes.entries()) {
          const writer = pipes[(index + 1) % pipes.length]?.[1] as number;
          loop.io(reader, READ, (watcher) => {
            sys.read(watcher.fd, buffer, 0, 1);
            sys.write(writer, buffer, 0, 1);
          });
        }
        for (const [, writer] of pipes.slice(0, 3)) kernel.send(writer);
        expect(kernel.bytesPerCall(() => loop.run("once"))).toBeLessThan(1);
      });
    });

    it("allocates nothing when it waits for a timer", () => {
      onLoop((loop) => {
        loop.timer(0.0001, () => undefined, { repeat: 0.0001 });
        expect(kernel.bytesPerCall(() => loop.run("once"))).toBeLessThan(1);
      });
    });

    if (!backend.answersLate) return;
    it("allocates nothing when it waits for a timer while answers of stopped watchers are under way", () => {
      onLoop((loop, openPipe) => {
        const watcher = loop.io(openPipe()[0], READ, () => undefined);
        let turns = 0;
        loop.timer(0.0001, () => undefined, { repeat: 0.0001 });
        const step = (): void => {
          if (turns++ % 2 === 0) watcher.stop();
          else watcher.start();
          loop.run("once");
        };
        expect(kernel.bytesPerCall(step)).toBeLessThan(1);
      });
    });
  });
}
