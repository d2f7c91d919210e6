import { describe, expect, it } from "@jest/globals";
import {
  CHECK,
  CUSTOM,
  describeEvents,
  type Events,
  FORK,
  IDLE,
  PREPARE,
  READ,
  TIMER,
  type Watcher,
} from "@polyloop/loop-core";
import { SKIPPED } from "@polyloop/sys/wakeup";
import { type ScriptedLoop, scriptedLoop } from "@polyloop/loop-core/testing";
import { thrownBy } from "./thrown.js";

/** A place to write down what ran, in order. */
function journal(): {
  readonly lines: string[];
  readonly note: (name: string) => (watcher: Watcher, events: Events) => void;
} {
  const lines: string[] = [];
  return { lines, note: (name) => () => lines.push(name) };
}

/** Makes `run()` return although the watchers of the test are active. */
function unreferenced(): { readonly ref: false } {
  return { ref: false };
}

describe("promise 1: entering run()", () => {
  it("first invokes what is pending, so that a nested run keeps the order", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    const second = loop.idle(note("second"), { start: false, priority: 0 });
    const first = loop.idle(
      () => {
        lines.push("first");
        loop.prepare(note("nested prepare"), unreferenced());
        loop.run("nowait");
        lines.push("first ends");
      },
      { start: false, priority: 1 },
    );
    loop.feed(second, CUSTOM);
    loop.feed(first, CUSTOM);
    loop.run("nowait");
    expect(lines.slice(0, 4)).toEqual(["first", "second", "nested prepare", "first ends"]);
  });

  it("counts nested runs in depth and polls in iteration", () => {
    const { loop } = scriptedLoop();
    const seen: number[][] = [];
    loop.prepare(
      (watcher) => {
        watcher.stop();
        seen.push([loop.depth, loop.iteration]);
      },
      { ref: false },
    );
    loop.check(
      (watcher) => {
        watcher.stop();
        seen.push([loop.depth, loop.iteration]);
        loop.check((nested) => {
          nested.stop();
          seen.push([loop.depth, loop.iteration]);
        });
        loop.run("nowait");
      },
      { ref: false },
    );
    expect([loop.depth, loop.iteration]).toEqual([0, 0]);
    loop.run("nowait");
    expect(seen).toEqual([
      [1, 0],
      [1, 1],
      [2, 2],
    ]);
    expect([loop.depth, loop.iteration]).toEqual([0, 2]);
  });

  it("leaves depth as it was when a callback throws", () => {
    const { loop } = scriptedLoop();
    loop.prepare(() => {
      throw new Error("from a callback");
    });
    expect(() => loop.run("nowait")).toThrow("from a callback");
    expect(loop.depth).toBe(0);
  });
});

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

describe("promise 5: how long a turn waits", () => {
  const waits = (scene: ScriptedLoop): number => {
    scene.backend.next(() => {});
    scene.loop.run("once");
    return scene.backend.timeouts.at(-1) as number;
  };

  it("for ever when only descriptors are watched", () => {
    const scene = scriptedLoop();
    scene.loop.io(7, READ, () => {});
    expect(waits(scene)).toBe(-1);
  });

  it("not at all for nowait, with an idle watcher, or when nothing keeps the loop going", () => {
    const scene = scriptedLoop();
    const { loop, backend } = scene;
    expect(waits(scene)).toBe(0);
    const io = loop.io(7, READ, () => {});
    loop.run("nowait");
    expect(backend.timeouts.at(-1)).toBe(0);
    const idle = loop.idle(() => {});
    expect(waits(scene)).toBe(0);
    idle.stop();
    expect(waits(scene)).toBe(-1);
    io.ref = false;
    expect(waits(scene)).toBe(0);
  });

  it("until the earliest timer, with its fraction", () => {
    const scene = scriptedLoop();
    scene.loop.timer(30, () => {});
    scene.loop.timer(7.25, () => {});
    expect(waits(scene)).toBeCloseTo(7.25, 9);
  });

  it("not at all when a wake-up was sent", () => {
    const scene = scriptedLoop();
    const wake = scene.loop.async(() => {});
    scene.loop.run("nowait");
    wake.send();
    expect(waits(scene)).toBe(0);
    expect(waits(scene)).toBe(-1);
  });

  it("at least timeoutCollectInterval, but an expired timer runs at once", () => {
    const scene = scriptedLoop();
    const { loop, clock } = scene;
    loop.timeoutCollectInterval = 50;
    let fired = 0;
    loop.timer(10, () => fired++);
    expect(waits(scene)).toBe(50);
    clock.advance(11);
    expect(waits(scene)).toBe(0);
    expect(fired).toBe(1);
  });

  it("ioCollectInterval delays the poll, counted from the last one", () => {
    const scene = scriptedLoop();
    const { loop, clock, system } = scene;
    loop.io(7, READ, () => {});
    loop.ioCollectInterval = 40;
    loop.run("nowait");
    expect(system.wakeups).toHaveLength(0);
    clock.advance(15);
    expect(waits(scene)).toBe(-1);
    expect(system.wakeups[0]?.waits).toEqual([25]);
  });

  it("the time that callbacks take counts, also when they bring the loop's time up to date", () => {
    const scene = scriptedLoop();
    const { loop, clock, system } = scene;
    loop.io(7, READ, () => {});
    loop.check(() => {
      clock.advance(15);
      loop.updateNow();
    });
    loop.ioCollectInterval = 40;
    loop.run("nowait");
    expect(waits(scene)).toBe(-1);
    expect(system.wakeups[0]?.waits).toEqual([25]);
  });

  it("a timer ends the delay of ioCollectInterval", () => {
    const scene = scriptedLoop();
    const { loop, system } = scene;
    loop.io(7, READ, () => {});
    let fired = 0;
    loop.timer(10, () => fired++);
    loop.ioCollectInterval = 40;
    expect(waits(scene)).toBe(0);
    expect(system.wakeups[0]?.waits).toEqual([10]);
    expect(fired).toBe(1);
  });

  it("a wake-up ends the delay of ioCollectInterval", () => {
    const scene = scriptedLoop();
    const { loop, system } = scene;
    let woken = 0;
    const wake = loop.async(() => woken++);
    loop.ioCollectInterval = 40;
    loop.run("nowait");
    const [wakeup] = system.wakeups;
    if (wakeup === undefined) throw new Error("the async watcher has opened no wake-up");
    const wait = wakeup.wait.bind(wakeup);
    // Another thread sends while the loop sleeps: its flag, then the word that tells the loop to look at flags.
    wakeup.wait = (ms) => {
      Atomics.store(wake.handle.sent, 0, 1);
      Atomics.store(wake.handle.control, SKIPPED, 1);
      wait(ms);
    };
    expect(waits(scene)).toBe(0);
    expect(woken).toBe(1);
  });

  it("not at all while something is pending that onInvokePending left there", () => {
    const scene = scriptedLoop();
    const { loop } = scene;
    const watcher = loop.io(7, READ, () => {});
    loop.onInvokePending = () => {};
    loop.feed(watcher, READ);
    expect(waits(scene)).toBe(0);
    loop.onInvokePending = null;
    expect(waits(scene)).toBe(-1);
    expect(loop.pendingCount).toBe(0);
  });
});

describe("promise 6: after the poll", () => {
  it("updates the time once for the turn", () => {
    const { loop, backend, clock } = scriptedLoop();
    const seen: number[] = [];
    loop.check(() => {
      seen.push(loop.now());
      clock.advance(5);
      seen.push(loop.now());
    });
    backend.next(() => {
      clock.advance(100);
    });
    const before = loop.now();
    loop.run("once");
    expect(seen).toEqual([before + 100, before + 100]);
  });

  it("a jump of the wall clock moves no relative timer", () => {
    const { loop, backend, clock } = scriptedLoop();
    let fired = 0;
    loop.timer(100, () => fired++);
    backend.next(() => {
      clock.jump(3_600_000);
    });
    const before = loop.now();
    loop.run("once");
    expect(fired).toBe(0);
    expect(loop.now()).toBe(before + 3_600_000);
    loop.run("once");
    expect(backend.timeouts.at(-1)).toBeCloseTo(100, 9);
    expect(fired).toBe(1);
  });

  it("takes the time that a backend stamped after its wait, and reads the clock when there is none", () => {
    const { loop, backend, clock } = scriptedLoop();
    const { stamp } = backend.context;
    backend.next(() => {
      stamp?.set([clock.monotonic + 20, clock.wall + 20]);
    });
    const before = loop.now();
    loop.run("nowait");
    expect(loop.now()).toBe(before + 20);
    loop.run("nowait");
    expect(loop.now()).toBe(before);
  });
});

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

describe("promise 9: run and break", () => {
  it("with nothing active does one complete turn that does not wait and returns false", () => {
    const { loop, backend } = scriptedLoop();
    expect(loop.run()).toBe(false);
    expect(loop.iteration).toBe(1);
    expect(backend.timeouts).toEqual([0]);
  });

  it("default goes on until nothing keeps it going", () => {
    const { loop } = scriptedLoop();
    let fired = 0;
    loop.timer(1, (timer) => (++fired === 3 ? timer.stop() : undefined), { repeat: 1 });
    expect(loop.run()).toBe(false);
    expect(fired).toBe(3);
  });

  it("once and nowait do one turn and tell whether something remains", () => {
    const { loop } = scriptedLoop();
    loop.timer(5, () => {});
    expect(loop.run("nowait")).toBe(true);
    expect(loop.run("once")).toBe(false);
  });

  it("break ends the run after this turn's callbacks", () => {
    const { loop } = scriptedLoop();
    const { lines, note } = journal();
    loop.idle(() => {});
    loop.check(note("second"));
    loop.check(() => {
      lines.push("first");
      loop.break();
    });
    expect(loop.run()).toBe(true);
    expect(lines).toEqual(["first", "second"]);
  });

  it("break outside a run does nothing to the next one", () => {
    const { loop } = scriptedLoop();
    let fired = 0;
    loop.timer(1, () => fired++);
    loop.break();
    loop.break("all");
    loop.run();
    expect(fired).toBe(1);
  });

  it("one ends the innermost run, all every nested one", () => {
    for (const which of ["one", "all"] as const) {
      const { loop } = scriptedLoop();
      const { lines } = journal();
      loop.timer(1, () => {
        loop.timer(1, () => {
          loop.break(which);
        });
        loop.run();
        lines.push("inner ended");
      });
      let later = 0;
      loop.timer(50, () => later++);
      loop.run();
      expect(lines).toEqual(["inner ended"]);
      expect(later).toBe(which === "one" ? 1 : 0);
    }
  });

  it("a nested run does not swallow a break meant for the run around it", () => {
    const { loop } = scriptedLoop();
    let later = 0;
    loop.timer(50, () => later++);
    loop.timer(1, () => {
      loop.break();
      loop.run("nowait");
    });
    expect(loop.run()).toBe(true);
    expect(later).toBe(0);
  });

  it("refuses a mode or a break that there is not", () => {
    const { loop } = scriptedLoop();
    expect(thrownBy(() => loop.run("twice" as never)).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(
      thrownBy(() => {
        loop.break("two" as never);
      }).code,
    ).toBe("ERR_INVALID_ARG_VALUE");
  });
});
