import { describe, expect, it } from "@jest/globals";
import {
  CHECK,
  CUSTOM,
  IDLE,
  PREPARE,
  READ,
  TIMER,
  describeEvents,
  type Events,
  type Watcher,
} from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { journal } from "./journal.js";

describe("promises 7 and 8: the order within a turn", () => {
  it("is check, idle, timers, descriptors within a priority, and the highest priority first", () => {
    const { loop, backend, clock } = scriptedLoop();
    const { lines, note } = journal();
    loop.prepare(note("P1"));
    loop.prepare(note("P2"));
    loop.check(note("C1"));
    loop.check(note("C2"));
    loop.idle(note("I"), { priority: 1 });
    loop.timer(9, note("T9"));
    loop.timer(3, note("T3"));
    loop.io(4, READ, note("Fa"));
    loop.io(4, READ, note("Fb"));
    loop.io(5, READ, note("high"), { priority: 2 });
    loop.io(6, READ, note("low"), { priority: -2 });
    backend.next((sink) => {
      clock.advance(10);
      for (const fd of [6, 4, 5]) sink.ready(fd, READ);
    });
    loop.run("nowait");
    // The idle watcher has priority 1, and something of priority 2 is pending: it waits.
    expect(lines).toEqual(["P2", "P1", "high", "C2", "C1", "T3", "T9", "Fa", "Fb", "low"]);
    lines.length = 0;
    loop.run("nowait");
    expect(lines).toEqual(["P2", "P1", "I", "C2", "C1"]);
  });

  it("runs timers of equal time in the order started, many of them", () => {
    const { loop, clock } = scriptedLoop();
    const ran: number[] = [];
    for (let index = 0; index < 100; index++) loop.timer(5, () => ran.push(index));
    clock.advance(5);
    loop.run("nowait");
    expect(ran).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it("keeps the reverse order of starting when a watcher in between was stopped and started again", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    loop.prepare(note("1"));
    const two = loop.prepare(note("2"));
    loop.prepare(note("3"));
    two.stop();
    two.start();
    loop.run("nowait");
    expect(lines).toEqual(["2", "3", "1"]);
  });

  it("considers idle watchers of one priority only, the highest that has any", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    loop.idle(note("low"), { priority: -1 });
    const high = loop.idle(note("high"), { priority: 1 });
    loop.run("nowait");
    expect(lines).toEqual(["high"]);
    high.stop();
    loop.run("nowait");
    expect(lines).toEqual(["high", "low"]);
  });

  it("does not count the loop's own wake-up as pending: an idle watcher runs beside an async of lower priority", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    const wake = loop.async(note("async"), { priority: -2 });
    loop.idle(note("idle"), { priority: 2 });
    wake.send();
    loop.run("nowait");
    expect(lines).toEqual(["idle", "async"]);
  });

  it("runs a watcher of higher priority next when a callback feeds it", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    const high = loop.check(note("high"), { start: false, priority: 2 });
    loop.check(note("later"));
    loop.check(() => {
      lines.push("feeds");
      loop.feed(high, CUSTOM);
    });
    loop.run("nowait");
    expect(lines).toEqual(["feeds", "high", "later"]);
  });

  it("runs a watcher at most once a phase: one that feeds itself runs in the next turn, which does not block", () => {
    const { loop, backend } = scriptedLoop();
    let ran = 0;
    const watcher = loop.io(7, READ, (self) => {
      ran++;
      if (ran < 5) self.feed(CUSTOM);
    });
    loop.feed(watcher, CUSTOM);
    for (let turn = 1; turn < 5; turn++) {
      loop.run("once");
      expect(ran).toBe(turn);
      expect(loop.pendingCount).toBe(1);
      expect(backend.timeouts.at(-1)).toBe(0);
    }
    loop.run("nowait");
    expect(ran).toBe(5);
    expect(loop.pendingCount).toBe(0);
  });

  it("also within one run(), and when two watchers feed each other", () => {
    const { loop } = scriptedLoop();
    const ran: string[] = [];
    const one = loop.check(
      () => {
        ran.push(`one ${String(loop.iteration)}`);
        two.feed(CUSTOM);
      },
      { start: false },
    );
    const two = loop.check(
      () => {
        ran.push(`two ${String(loop.iteration)}`);
        one.feed(CUSTOM);
      },
      { start: false },
    );
    let turns = 0;
    loop.prepare(() => {
      if (++turns > 3) loop.break();
    });
    loop.idle(() => {}, { priority: -2 });
    one.feed(CUSTOM);
    loop.run();
    // The first two ran on entering run(), which belongs to the first turn.
    expect(ran).toEqual(["one 0", "two 0", "one 2", "two 2", "one 3", "two 3"]);
  });

  it("tells a callback why it runs", () => {
    const { loop, clock } = scriptedLoop();
    const told: string[] = [];
    const tell = (_watcher: Watcher, events: Events): void => {
      told.push(describeEvents(events));
    };
    loop.prepare(tell);
    loop.idle(tell);
    loop.timer(1, tell);
    loop.check(tell, { priority: -1 });
    clock.advance(1);
    loop.run("nowait");
    loop.run("nowait");
    expect(told).toEqual([PREPARE, TIMER, CHECK, PREPARE, IDLE, CHECK].map(describeEvents));
  });
});

describe("promise 31: idle, prepare and check", () => {
  it("prepare runs before the wait, check after it", () => {
    const { loop, backend } = scriptedLoop();
    const { lines, note } = journal();
    loop.prepare(note("prepare"));
    loop.check(note("check"));
    backend.next(() => lines.push("wait"));
    loop.run("once");
    expect(lines).toEqual(["prepare", "wait", "check"]);
  });

  it("an idle watcher keeps the loop from blocking, also in turns in which it does not run", () => {
    const { loop, backend } = scriptedLoop();
    let idle = 0;
    loop.idle(() => idle++, { priority: -1 });
    loop.io(4, READ, () => {});
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    loop.run("once");
    expect([idle, backend.timeouts]).toEqual([0, [0]]);
    loop.run("once");
    expect([idle, backend.timeouts]).toEqual([1, [0, 0]]);
  });

  it("an idle watcher runs beside events of lower priority", () => {
    const { loop, backend } = scriptedLoop();
    const { lines, note } = journal();
    loop.idle(note("idle"), { priority: 1 });
    loop.io(4, READ, note("io"));
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    loop.run("once");
    expect(lines).toEqual(["idle", "io"]);
  });
});
