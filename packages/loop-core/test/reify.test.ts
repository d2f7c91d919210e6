import { describe, expect, it } from "@jest/globals";
import { CUSTOM, FORK, READ, describeEvents } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { journal } from "./journal.js";

describe("promise 2: kernel state declared lost", () => {
  it("runs the fork watchers, then recreates the backend, then hands over every descriptor again", () => {
    const { loop, backend } = scriptedLoop();
    const order: string[] = [];
    loop.io(5, READ, () => {});
    loop.io(6, READ, () => {}, { start: false });
    loop.run("nowait");
    backend.changes.length = 0;
    loop.fork((_watcher, events) => {
      order.push(`${describeEvents(events)} recreated ${String(backend.recreations)} times`);
      expect(events).toBe(FORK);
    });
    loop.prepare(() => order.push("prepare"));
    loop.recreate();
    expect(backend.recreations).toBe(0);
    loop.run("nowait");
    expect(order).toEqual(["FORK recreated 0 times", "prepare"]);
    expect(backend.recreations).toBe(1);
    expect(backend.changes).toEqual([{ fd: 5, from: 0, to: READ }]);
    loop.run("nowait");
    expect(backend.recreations).toBe(1);
  });

  it("runs each fork watcher once, also when one of them throws", () => {
    const { loop, backend } = scriptedLoop();
    const ran: string[] = [];
    loop.fork(() => ran.push(`first, ${String(backend.recreations)} recreated`));
    loop.fork(() => {
      ran.push("second");
      throw new Error("from a fork watcher");
    });
    loop.recreate();
    expect(() => loop.run("nowait")).toThrow("from a fork watcher");
    loop.run("nowait");
    loop.run("nowait");
    expect(ran).toEqual(["second", "first, 0 recreated"]);
    expect(backend.recreations).toBe(1);
  });

  it("runs a fork watcher before the backend is recreated, though it had fed itself for a later turn", () => {
    const { loop, backend } = scriptedLoop();
    const ran: string[] = [];
    loop.fork((self, events) => {
      ran.push(`${describeEvents(events)}, ${String(backend.recreations)} recreated`);
      if (ran.length === 1) self.feed(CUSTOM);
    });
    loop.idle(() => {}, { priority: -2 });
    loop.check(() => {
      if (ran.length === 1) loop.recreate();
      else loop.break();
    });
    loop.recreate();
    loop.run();
    expect(ran).toEqual(["FORK, 0 recreated", "FORK|CUSTOM, 1 recreated"]);
  });

  it("opens the wake-up anew and forgets nothing that was sent (promise 32)", () => {
    const { loop, system } = scriptedLoop();
    let woken = 0;
    const wake = loop.async(() => woken++);
    loop.run("nowait");
    const [wakeup] = system.wakeups;
    const before = wakeup?.fd;
    wake.send();
    loop.recreate();
    loop.run("nowait");
    expect(woken).toBe(1);
    expect(wakeup?.fd).not.toBe(before);
  });
});

describe("promise 3: prepare", () => {
  it("ends the turn before the poll when a prepare watcher calls break", () => {
    const { loop, backend } = scriptedLoop();
    const { lines, note } = journal();
    loop.check(note("check"));
    loop.prepare(() => {
      loop.break();
    });
    expect(loop.run()).toBe(true);
    expect(lines).toEqual([]);
    expect(loop.iteration).toBe(0);
    expect(backend.timeouts).toEqual([]);
  });

  it("a prepare watcher that feeds itself still runs before every wait", () => {
    const { loop, backend } = scriptedLoop();
    const { lines } = journal();
    const seen: string[] = [];
    loop.prepare((self, events) => {
      seen.push(describeEvents(events));
      lines.push("prepare");
      self.feed(CUSTOM);
    });
    loop.idle(() => {}, { priority: -2 });
    const wait = (): void => {
      lines.push("wait");
      if (lines.length >= 6) loop.break();
    };
    backend.next(wait, wait, wait);
    loop.run();
    expect(lines).toEqual(["prepare", "wait", "prepare", "wait", "prepare", "wait"]);
    expect(seen).toEqual(["PREPARE", "PREPARE|CUSTOM", "PREPARE|CUSTOM"]);
  });

  it("also when the break came from what was pending at the start", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    loop.prepare(note("prepare"));
    const early = loop.check(() => {
      loop.break();
    });
    loop.feed(early, CUSTOM);
    loop.run();
    expect(lines).toEqual(["prepare"]);
    expect(loop.iteration).toBe(0);
  });
});

describe("promise 4: reify", () => {
  it("computes the union of all watchers once and hands it over only if it changed", () => {
    const { loop, backend } = scriptedLoop();
    const reader = loop.io(7, READ, () => {});
    const writer = loop.io(7, 2, () => {});
    loop.run("nowait");
    expect(backend.changes).toEqual([{ fd: 7, from: 0, to: 3 }]);
    loop.run("nowait");
    expect(backend.changes).toHaveLength(1);
    writer.modify(READ);
    loop.run("nowait");
    expect(backend.changes[1]).toEqual({ fd: 7, from: 3, to: READ });
    writer.stop();
    loop.run("nowait");
    expect(backend.changes).toHaveLength(2);
    reader.stop();
    loop.run("nowait");
    expect(backend.changes[2]).toEqual({ fd: 7, from: READ, to: 0 });
  });

  it("hands over an unchanged interest when a watcher was started: the number may stand for a new file", () => {
    const { loop, backend } = scriptedLoop();
    const watcher = loop.io(7, READ, () => {});
    loop.run("nowait");
    watcher.stop();
    watcher.start();
    loop.run("nowait");
    expect(backend.changes[1]).toEqual({ fd: 7, from: READ, to: READ });
  });

  it("says nothing of a watcher that was changed and changed back", () => {
    const { loop, backend } = scriptedLoop();
    const watcher = loop.io(7, READ, () => {});
    loop.run("nowait");
    watcher.modify(2);
    watcher.modify(READ);
    loop.io(8, READ, () => {}).stop();
    loop.run("nowait");
    expect(backend.changes).toHaveLength(1);
  });

  it("leaves what becomes dirty meanwhile to the next turn, and does not block before that", () => {
    const { loop, backend } = scriptedLoop();
    loop.io(7, READ, () => {});
    const modify = backend.modify.bind(backend);
    backend.modify = (fd, from, to) => {
      modify(fd, from, to);
      if (fd === 7) loop.io(8, READ, () => {});
    };
    loop.run("once");
    expect(backend.timeouts).toEqual([0]);
    expect(backend.changes).toEqual([{ fd: 7, from: 0, to: READ }]);
    backend.next(() => {});
    loop.run("once");
    expect(backend.timeouts).toEqual([0, -1]);
    expect(backend.changes[1]).toEqual({ fd: 8, from: 0, to: READ });
  });

  it("hands over again what the kernel forgot", () => {
    const { loop, backend } = scriptedLoop();
    loop.io(7, READ, () => {});
    backend.next((sink) => {
      sink.rearm(7);
    });
    loop.run("once");
    loop.run("nowait");
    expect(backend.changes).toEqual([
      { fd: 7, from: 0, to: READ },
      { fd: 7, from: 0, to: READ },
    ]);
  });
});
