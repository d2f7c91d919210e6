import { inspect } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { CUSTOM, READ, TIMER, type Watcher, WRITE } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { codeOf } from "./thrown.js";

describe("promise 10: starting and stopping", () => {
  it("does nothing to a watcher that is active or inactive already", () => {
    const { loop, backend } = scriptedLoop();
    const watcher = loop.io(4, READ, () => {});
    watcher.start();
    loop.run("nowait");
    expect(backend.changes).toHaveLength(1);
    watcher.stop();
    watcher.stop();
    loop.run("nowait");
    expect(backend.changes).toHaveLength(2);
    expect(loop.run()).toBe(false);
  });

  it("options that are true or false are nothing else", () => {
    const { loop } = scriptedLoop();
    expect(codeOf(() => loop.check(() => {}, { start: 0 as never }))).toBe("ERR_INVALID_ARG_TYPE");
    expect(codeOf(() => loop.check(() => {}, { ref: 0 as never }))).toBe("ERR_INVALID_ARG_TYPE");
    expect(codeOf(() => loop.io(4, READ, () => {}, { edge: 1 as never }))).toBe("ERR_INVALID_ARG_TYPE");
    expect(loop.run()).toBe(false);
  });

  it("stop takes back a pending event, whoever stops whom", () => {
    const { loop, backend } = scriptedLoop();
    const ran: string[] = [];
    const stopsOther = loop.io(4, READ, () => {
      ran.push("first");
      other.stop();
      expect(other.pending).toBe(false);
    });
    const other = loop.io(4, READ, () => ran.push("other"));
    const own = loop.io(4, READ, (self) => {
      ran.push("own");
      self.stop();
      self.start();
    });
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    loop.run("nowait");
    expect(ran).toEqual(["first", "own"]);
    expect([stopsOther.active, other.active, own.active]).toEqual([true, false, true]);
  });

  it("a watcher can be disposed of in its own callback and held by using", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const watcher = loop.check((self) => {
      ran++;
      self[Symbol.dispose]();
    });
    loop.run("nowait");
    loop.run("nowait");
    expect(ran).toBe(1);
    expect(watcher.active).toBe(false);
  });

  it("start: false makes it without starting it", () => {
    const { loop } = scriptedLoop();
    const made = [
      loop.io(4, READ, () => {}, { start: false }),
      loop.timer(1, () => {}, { start: false }),
      loop.idle(() => {}, { start: false }),
      loop.prepare(() => {}, { start: false }),
      loop.check(() => {}, { start: false }),
      loop.fork(() => {}, { start: false }),
      loop.cleanup(() => {}, { start: false }),
      loop.async(() => {}, { start: false }),
      loop.once({ timeout: 1 }, () => {}),
    ];
    expect(made.map(({ active }) => active)).toEqual([false, false, false, false, false, false, false, false, true]);
    for (const watcher of made) expect(watcher.loop).toBe(loop);
  });
});

describe("promise 11: a callback that throws", () => {
  it("leaves run() with its error, and what is still pending is delivered by the next run", () => {
    const { loop } = scriptedLoop();
    const ran: string[] = [];
    const watchers = ["a", "b", "c"].map((name) =>
      loop.check(
        () => {
          ran.push(name);
          if (name === "b") throw new Error("b failed");
        },
        { start: false },
      ),
    );
    for (const watcher of watchers) watcher.feed(CUSTOM);
    expect(() => loop.run("nowait")).toThrow("b failed");
    expect(ran).toEqual(["c", "b"]);
    expect(loop.pendingCount).toBe(1);
    loop.verify();
    loop.run("nowait");
    expect(ran).toEqual(["c", "b", "a"]);
  });
});

describe("promise 12: references", () => {
  it("ref: false does not keep run() going, and can be changed while active", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.io(4, READ, () => {}, { ref: false });
    expect(loop.run()).toBe(false);
    watcher.ref = true;
    expect(loop.run("nowait")).toBe(true);
    watcher.ref = false;
    watcher.ref = false;
    expect(loop.run()).toBe(false);
  });

  it("ref is true or false and nothing else", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.io(4, READ, () => {});
    for (const value of [0, 1, "x", null, undefined]) {
      expect(codeOf(() => (watcher.ref = value as never))).toBe("ERR_INVALID_ARG_TYPE");
    }
    expect(watcher.ref).toBe(true);
    expect(loop.run("nowait")).toBe(true);
  });

  it("a one-shot timer gives its reference back when it fires", () => {
    const { loop } = scriptedLoop();
    loop.timer(1, () => {}, { ref: false });
    loop.timer(2, () => {});
    expect(loop.run()).toBe(false);
  });

  it("ref() and unref() adjust by hand, and one unref too many ends the run", () => {
    const { loop, backend } = scriptedLoop();
    loop.ref();
    backend.next(() => {
      loop.unref();
    });
    expect(loop.run()).toBe(false);
    loop.io(4, READ, () => {});
    loop.unref();
    loop.unref();
    expect(loop.run()).toBe(false);
    expect(backend.timeouts.at(-1)).toBe(0);
  });
});

describe("promise 13: priorities", () => {
  it("change only while a watcher is neither active nor pending", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.timer(1, () => {});
    expect(codeOf(() => (watcher.priority = 1))).toBe("ERR_WATCHER_ACTIVE");
    watcher.stop();
    watcher.feed(CUSTOM);
    expect(codeOf(() => (watcher.priority = 1))).toBe("ERR_WATCHER_ACTIVE");
    watcher.clearPending();
    watcher.priority = 1;
    expect(watcher.priority).toBe(1);
  });

  it.each([-3, 3, 0.5, Number.NaN, "1", null])("refuse %p", (priority) => {
    const { loop } = scriptedLoop();
    const make = (): Watcher => loop.check(() => {}, { priority: priority as number });
    expect(codeOf(make)).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
    const watcher = loop.check(() => {}, { start: false });
    expect(codeOf(() => (watcher.priority = priority as number))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
  });

  it("do not let the higher starve the lower", () => {
    const { loop, backend } = scriptedLoop();
    let low = 0;
    loop.io(4, READ, () => {}, { priority: 2 });
    loop.io(5, READ, () => low++, { priority: -2 });
    for (let turn = 0; turn < 10; turn++) {
      backend.next((sink) => {
        sink.ready(4, READ);
        sink.ready(5, READ);
      });
      loop.run("nowait");
    }
    expect(low).toBe(10);
  });
});

describe("promise 14: feed, invoke, clearPending", () => {
  it("feed queues as if it had happened, merges bits, and works for an inactive watcher", () => {
    const { loop } = scriptedLoop();
    const seen: number[] = [];
    const watcher = loop.io(4, READ, (_self, events) => seen.push(events), { start: false });
    watcher.feed(READ);
    loop.feed(watcher, CUSTOM);
    expect(watcher.pending).toBe(true);
    expect(loop.pendingCount).toBe(1);
    loop.invokePending();
    expect(seen).toEqual([READ | CUSTOM]);
    expect(watcher.pending).toBe(false);
  });

  it("invoke calls at once and leaves what is pending alone", () => {
    const { loop } = scriptedLoop();
    const seen: number[] = [];
    const watcher = loop.check((_self, events) => seen.push(events), { start: false });
    watcher.feed(CUSTOM);
    watcher.invoke(TIMER);
    expect(seen).toEqual([TIMER]);
    expect(watcher.pending).toBe(true);
  });

  it("clearPending returns the bits and clears them", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const watcher = loop.check(() => ran++, { start: false });
    watcher.feed(CUSTOM);
    watcher.feed(TIMER);
    expect(watcher.clearPending()).toBe(CUSTOM | TIMER);
    expect(watcher.clearPending()).toBe(0);
    loop.invokePending();
    expect(ran).toBe(0);
  });

  it("clearing one of many keeps the order and the count of the others", () => {
    const { loop } = scriptedLoop();
    const ran: number[] = [];
    const watchers = Array.from({ length: 9 }, (_, index) =>
      loop.check(() => ran.push(index), { start: false, priority: (index % 3) - 1 }),
    );
    for (const watcher of watchers) watcher.feed(CUSTOM);
    for (const index of [0, 4, 8]) watchers[index]?.clearPending();
    loop.verify();
    expect(loop.pendingCount).toBe(6);
    loop.invokePending();
    expect(ran).toEqual([5, 2, 7, 1, 6, 3]);
  });

  it("a deferred event can be cleared too", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const watcher = loop.check(
      (self) => {
        ran++;
        self.feed(CUSTOM);
      },
      { start: false },
    );
    watcher.feed(CUSTOM);
    loop.run("nowait");
    expect([ran, loop.pendingCount]).toEqual([1, 1]);
    loop.verify();
    expect(watcher.clearPending()).toBe(CUSTOM);
    loop.run("nowait");
    expect([ran, loop.pendingCount]).toEqual([1, 0]);
  });

  it("invokePending from a callback runs the rest, and the callback's own watcher not again", () => {
    const { loop } = scriptedLoop();
    const ran: string[] = [];
    const rest = loop.check(() => ran.push("rest"), { start: false });
    const outer = loop.check(
      (self) => {
        ran.push("outer");
        self.feed(CUSTOM);
        loop.invokePending();
        ran.push("outer ends");
      },
      { start: false },
    );
    rest.feed(CUSTOM);
    outer.feed(CUSTOM);
    loop.invokePending();
    expect(ran).toEqual(["outer", "rest", "outer ends"]);
    expect(outer.pending).toBe(true);
  });

  it("feedFd gives each watcher the bits it asked for", () => {
    const { loop } = scriptedLoop();
    const seen: string[] = [];
    loop.io(4, READ, (_self, events) => seen.push(`r${String(events)}`));
    loop.io(4, WRITE, (_self, events) => seen.push(`w${String(events)}`));
    loop.feedFd(4, READ | WRITE);
    loop.invokePending();
    expect(seen).toEqual([`r${String(READ)}`, `w${String(WRITE)}`]);
  });

  it("refuses events that are none and watchers of another loop", () => {
    const { loop } = scriptedLoop();
    const other = scriptedLoop().loop.check(() => {});
    const own = loop.check(() => {});
    for (const events of [Number.NaN, 1.5, -1, 2 ** 40, "1"]) {
      expect(codeOf(() => own.feed(events as number))).toMatch(/^ERR_/);
      expect(codeOf(() => own.invoke(events as number))).toMatch(/^ERR_/);
    }
    expect(codeOf(() => loop.feed(other, CUSTOM))).toBe("ERR_INVALID_ARG_VALUE");
    expect(codeOf(() => loop.feed({} as unknown as Watcher, CUSTOM))).toBe("ERR_INVALID_ARG_VALUE");
  });
});

describe("the callback", () => {
  it("must be a function", () => {
    const { loop } = scriptedLoop();
    expect(codeOf(() => loop.check(undefined as never))).toBe("ERR_INVALID_ARG_TYPE");
    expect(codeOf(() => loop.timer(1, {} as never))).toBe("ERR_INVALID_ARG_TYPE");
    expect(codeOf(() => loop.io(1, READ, null as never))).toBe("ERR_INVALID_ARG_TYPE");
    expect(codeOf(() => loop.check(() => {}, 5 as never))).toBe("ERR_INVALID_ARG_TYPE");
  });

  it("may be replaced while an event is pending, and the new one gets it", () => {
    const { loop } = scriptedLoop();
    const ran: string[] = [];
    const watcher = loop.check(() => ran.push("old"), { start: false });
    watcher.feed(CUSTOM);
    watcher.callback = () => ran.push("new");
    loop.invokePending();
    expect(ran).toEqual(["new"]);
  });
});

describe("printing", () => {
  it("a loop or a watcher shows what it is, not what it is made of", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.io(4, READ | WRITE, () => {});
    const timer = loop.timer(5, () => {}, { repeat: 7 });
    expect(inspect(loop, { breakLength: Infinity })).toMatch(/^Loop \{ backend: 'scripted', closed: false, depth: 0,/);
    expect(inspect(watcher, { breakLength: Infinity })).toMatch(
      /^IoWatcher \{ fd: 4, events: 'READ\|WRITE', active: true/,
    );
    expect(inspect(timer, { breakLength: Infinity })).toMatch(/^TimerWatcher \{ remaining: 5, repeat: 7, active: true/);
  });
});
