import { describe, expect, it } from "@jest/globals";
import { CLEANUP, READ } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { codeOf } from "./thrown.js";

describe("promises 34 and 35: cleanup and close", () => {
  it("runs the cleanup watchers first, the last one started first, then stops everything", () => {
    const { loop, backend, system } = scriptedLoop();
    const watchers = [
      loop.io(4, READ, () => {}),
      loop.timer(5, () => {}),
      loop.idle(() => {}),
      loop.prepare(() => {}),
      loop.check(() => {}),
      loop.fork(() => {}),
      loop.async(() => {}),
      loop.once({ fd: 6, timeout: 1 }, () => {}),
    ];
    const ran: string[] = [];
    const cleanup = (name: string) =>
      loop.cleanup((watcher, events) => {
        ran.push(`${name} ${String(events === CLEANUP)} ${String(watchers.every(({ active }) => active))}`);
        expect(watcher.active).toBe(false);
      });
    const cleanups = [cleanup("first"), cleanup("second")];
    loop.close();
    expect(ran).toEqual(["second true true", "first true true"]);
    expect([...watchers, ...cleanups].some(({ active, pending }) => active || pending)).toBe(false);
    expect(backend.closed).toBe(true);
    expect(system.wakeups.every(({ closed }) => closed)).toBe(true);
  });

  it("is idempotent, also from a cleanup watcher", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    loop.cleanup(() => {
      ran++;
      loop.close();
    });
    loop.close();
    loop.close();
    loop[Symbol.dispose]();
    expect(ran).toBe(1);
  });

  it("a cleanup watcher never keeps the loop going", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.cleanup(() => {});
    watcher.ref = true;
    expect(watcher.ref).toBe(false);
    expect(loop.run()).toBe(false);
  });

  it("a cleanup watcher that throws keeps nothing from being closed; the error comes at the end", () => {
    const { loop, backend } = scriptedLoop();
    let ran = 0;
    loop.cleanup(() => ran++);
    loop.cleanup(() => {
      throw new Error("first trouble");
    });
    expect(() => {
      loop.close();
    }).toThrow("first trouble");
    expect([ran, backend.closed]).toEqual([1, true]);
  });

  it("inside a callback ends the turn", () => {
    const { loop } = scriptedLoop();
    const ran: string[] = [];
    loop.idle(() => {});
    loop.check(() => ran.push("never"));
    loop.check(() => {
      ran.push("closes");
      loop.close();
    });
    expect(loop.run()).toBe(false);
    expect(ran).toEqual(["closes"]);
    expect(loop.pendingCount).toBe(0);
  });

  it("inside a prepare, fork or nested callback, too", () => {
    for (const kind of ["prepare", "fork"] as const) {
      const { loop, backend } = scriptedLoop();
      loop[kind](() => {
        loop.close();
      });
      loop.recreate();
      expect(loop.run()).toBe(false);
      expect(backend.timeouts).toEqual([]);
    }
    const { loop } = scriptedLoop();
    loop.timer(1, () => {
      loop.timer(1, () => {
        loop.close();
      });
      loop.run();
    });
    expect(loop.run()).toBe(false);
  });

  it("using a closed loop is ERR_LOOP_CLOSED", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.check(() => {});
    loop.close();
    const uses: (() => unknown)[] = [
      () => loop.run(),
      () => loop.io(4, READ, () => {}),
      () => loop.timer(1, () => {}),
      () => loop.idle(() => {}),
      () => loop.prepare(() => {}),
      () => loop.check(() => {}),
      () => loop.fork(() => {}),
      () => loop.cleanup(() => {}),
      () => loop.async(() => {}),
      () => loop.once({ timeout: 1 }, () => {}),
      () => loop.watch(4, READ),
      () => {
        loop.feedFd(4, READ);
      },
      () => {
        loop.invokePending();
      },
      () => {
        loop.recreate();
      },
      () => {
        watcher.start();
      },
      () => {
        watcher.feed(READ);
      },
    ];
    expect(uses.map(codeOf)).toEqual(uses.map(() => "ERR_LOOP_CLOSED"));
    watcher.stop();
    watcher[Symbol.dispose]();
    expect(loop.pendingCount).toBe(0);
  });
});
