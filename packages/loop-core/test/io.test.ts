import { describe, expect, it } from "@jest/globals";
import { describeEvents, EDGE, ERROR, type Events, HANGUP, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { thrownBy } from "./thrown.js";

describe("promise 15: level and edge", () => {
  it("a descriptor is edge-triggered only if all its watchers asked for it", () => {
    const { loop, backend } = scriptedLoop();
    loop.io(4, READ, () => {}, { edge: true });
    const level = loop.io(4, WRITE, () => {});
    loop.run("nowait");
    level.stop();
    loop.run("nowait");
    loop.io(4, WRITE, () => {}, { edge: true });
    loop.run("nowait");
    expect(backend.changes.map(({ to }) => to)).toEqual([READ | WRITE, READ | EDGE, READ | WRITE | EDGE]);
  });

  it("an edge-triggered watcher that was changed has the backend look again, whatever the union comes to", () => {
    const { loop, backend } = scriptedLoop();
    const watcher = loop.io(4, READ, () => {}, { edge: true });
    const other = loop.io(4, 0, () => {}, { edge: true });
    loop.run("nowait");
    backend.changes.length = 0;
    watcher.modify(0);
    watcher.modify(READ);
    loop.run("nowait");
    other.modify(READ);
    loop.run("nowait");
    expect(backend.changes).toEqual([
      { fd: 4, from: READ | EDGE, to: READ | EDGE },
      { fd: 4, from: READ | EDGE, to: READ | EDGE },
    ]);
  });

  it("a backend without edge triggering never hears of it", () => {
    const { loop, backend } = scriptedLoop({ supports: { edge: false } });
    loop.io(4, READ, () => {}, { edge: true });
    loop.run("nowait");
    loop.verify();
    expect(backend.changes).toEqual([{ fd: 4, from: 0, to: READ }]);
    expect(loop.backend.supports.edge).toBe(false);
  });
});

describe("promise 16: many watchers on one descriptor", () => {
  it("each gets the bits it asked for, with error and hang-up as information, in the order started", () => {
    const { loop, backend } = scriptedLoop();
    const seen: string[] = [];
    const tell =
      (name: string) =>
      (_watcher: unknown, events: Events): void => {
        seen.push(`${name} ${describeEvents(events)}`);
      };
    loop.io(4, READ, tell("reader"));
    loop.io(4, WRITE, tell("writer"));
    loop.io(4, READ | WRITE, tell("both"));
    loop.io(4, PRIORITY, tell("urgent"));
    loop.io(4, 0, tell("nothing"));
    backend.next(
      (sink) => {
        sink.ready(4, READ);
      },
      (sink) => {
        sink.ready(4, READ | WRITE | ERROR | HANGUP);
      },
      (sink) => {
        sink.ready(4, PRIORITY);
      },
    );
    for (let turn = 0; turn < 3; turn++) loop.run("nowait");
    expect(seen).toEqual([
      "reader READ",
      "both READ",
      "reader READ|ERROR|HANGUP",
      "writer WRITE|ERROR|HANGUP",
      "both READ|WRITE|ERROR|HANGUP",
      "urgent PRIORITY",
    ]);
  });

  it("an interest of 0 is legal, keeps the loop going and is never handed over", () => {
    const { loop, backend } = scriptedLoop();
    loop.io(4, 0, () => {});
    backend.next(() => {});
    expect(loop.run("once")).toBe(true);
    expect(backend.changes).toEqual([]);
  });

  it("a watcher in the middle can be stopped", () => {
    const { loop, backend } = scriptedLoop();
    const seen: number[] = [];
    const watchers = [0, 1, 2].map((index) => loop.io(4, READ, () => seen.push(index)));
    watchers[1]?.stop();
    loop.verify();
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    loop.run("nowait");
    expect(seen).toEqual([0, 2]);
  });
});

describe("set and modify", () => {
  it("modify changes what is watched for and takes bits no longer wanted out of a pending event", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.io(4, READ | WRITE, () => {});
    watcher.feed(READ | HANGUP);
    watcher.modify(WRITE);
    expect([watcher.events, watcher.pending]).toEqual([WRITE, false]);
    watcher.modify(READ | WRITE);
    watcher.feed(READ | WRITE | ERROR);
    watcher.modify(READ);
    expect(watcher.clearPending()).toBe(READ | ERROR);
  });

  it("set moves an active watcher to another descriptor and drops what is pending", () => {
    const { loop, backend } = scriptedLoop();
    const watcher = loop.io(4, READ, () => {});
    loop.run("nowait");
    watcher.feed(READ);
    watcher.set(9, WRITE);
    expect([watcher.fd, watcher.events, watcher.active, watcher.pending]).toEqual([9, WRITE, true, false]);
    loop.run("nowait");
    expect(backend.changes.slice(1)).toEqual([
      { fd: 4, from: READ, to: 0 },
      { fd: 9, from: 0, to: WRITE },
    ]);
  });
});

describe("promise 17: a descriptor that fails", () => {
  it("stops its watchers and calls each once with FAILED | READ | WRITE and the error", () => {
    const { loop, backend } = scriptedLoop();
    const seen: string[] = [];
    const make = (name: string) =>
      loop.io(4, READ, (watcher, events) => {
        seen.push(`${name} ${describeEvents(events)} ${String(watcher.error?.code)} ${String(watcher.active)}`);
      });
    const watchers = [make("a"), make("b")];
    backend.next((sink) => {
      sink.ready(4, READ);
      sink.failed(4, 9);
    });
    expect(loop.run()).toBe(false);
    expect(seen).toEqual(["a READ|WRITE|FAILED EBADF false", "b READ|WRITE|FAILED EBADF false"]);
    expect(watchers[0]?.error).toMatchObject({ syscall: "poll", errno: -9 });
    expect(watchers[0]?.error?.message).toContain("descriptor 4");
    watchers[0]?.start();
    expect(watchers[0]?.error).toBeUndefined();
    loop.run("nowait");
    expect(backend.changes.at(-1)).toEqual({ fd: 4, from: 0, to: READ });
  });

  it("one that is started again before it was told hears nothing of its earlier life", () => {
    const { loop, backend } = scriptedLoop();
    const seen: string[] = [];
    const failing = loop.io(4, READ, (_watcher, events) => seen.push(describeEvents(events)));
    loop.io(5, READ, () => failing.start(), { priority: 1 });
    backend.next((sink) => {
      sink.failed(4, 9);
      sink.ready(5, READ);
    });
    loop.run("nowait");
    expect([seen, failing.active, failing.pending, failing.error]).toEqual([[], true, false, undefined]);
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    loop.run("nowait");
    expect(seen).toEqual(["READ"]);
  });

  it("closed while watched, and its number taken by the loop's own wake-up: it fails at once", () => {
    const { loop, backend, system } = scriptedLoop();
    const seen: string[] = [];
    system.limit = 100_000;
    const watcher = loop.io(900, READ, ({ error }, events) =>
      seen.push(`${describeEvents(events)} ${String(error?.code)}`),
    );
    loop.run("nowait");
    let woken = 0;
    const wake = loop.async(() => woken++);
    expect(system.wakeups[0]?.fd).toBe(900);
    expect([watcher.active, watcher.error?.code]).toEqual([false, "EBADF"]);
    wake.send();
    backend.next((sink) => {
      sink.ready(900, READ);
    });
    loop.run("nowait");
    expect([seen, woken]).toEqual([["READ|WRITE|FAILED EBADF"], 1]);
    expect(backend.changes).toEqual([
      { fd: 900, from: 0, to: READ },
      { fd: 900, from: READ, to: READ },
    ]);
  });

  it("a stopped watcher that shares the number gets nothing of it", () => {
    const { loop, backend } = scriptedLoop();
    let called = 0;
    const old = loop.io(4, READ, () => called++);
    loop.run("nowait");
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    old.stop();
    loop.run("nowait");
    expect(called).toBe(0);
  });

  it.each([false, true])(
    "closing the loop's own wake-up behind its back opens another one (same number: %p)",
    (same) => {
      const { loop, backend, system } = scriptedLoop();
      system.reuseNumbers = same;
      let woken = 0;
      const wake = loop.async(() => woken++);
      const [wakeup] = system.wakeups;
      const before = wakeup?.fd as number;
      backend.next((sink) => {
        sink.failed(before, 9);
      });
      loop.run("nowait");
      expect(wakeup?.fd === before).toBe(same);
      loop.verify();
      loop.run("nowait");
      expect(backend.changes.at(-1)).toEqual({ fd: wakeup?.fd, from: 0, to: READ });
      wake.send();
      loop.run("nowait");
      expect(woken).toBe(1);
    },
  );

  it("when it cannot be opened again run() says so, does not wait without it, and tries again", () => {
    const { loop, backend, system } = scriptedLoop();
    let read = 0;
    const wake = loop.async(() => {});
    loop.io(4, READ, () => read++);
    const [wakeup] = system.wakeups;
    system.reopenFails = -24;
    backend.next((sink) => {
      sink.failed(wakeup?.fd as number, 9);
      sink.ready(4, READ);
    });
    expect(thrownBy(() => loop.run("once"))).toMatchObject({ code: "EMFILE", name: "LoopError" });
    expect(thrownBy(() => loop.run("once")).code).toBe("EMFILE");
    expect(backend.timeouts.at(-1)).toBe(0);
    system.reopenFails = 0;
    loop.run("nowait");
    expect(read).toBe(1);
    wake.send();
    loop.run("nowait");
    expect(wake.pending).toBe(false);
  });
});

describe("promise 20: what can be no descriptor", () => {
  it.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, "4", null, undefined, {}, 4n])(
    "%p is ERR_INVALID_ARG_TYPE",
    (fd) => {
      const { loop } = scriptedLoop();
      expect(thrownBy(() => loop.io(fd as number, READ, () => {})).code).toBe("ERR_INVALID_ARG_TYPE");
      expect(loop.run()).toBe(false);
    },
  );

  it.each([-1, -2147483648, 1024, 2 ** 31, 1e15])("%p is EBADF", (fd) => {
    const { loop } = scriptedLoop();
    const error = thrownBy(() => loop.io(fd, READ, () => {}));
    expect(error).toMatchObject({ name: "LoopError", code: "EBADF" });
    expect(error.message).toContain(String(fd));
    expect(thrownBy(() => loop.feedFd(fd, READ)).code).toBe("EBADF");
    const watcher = loop.io(4, READ, () => {});
    expect(thrownBy(() => watcher.set(fd, READ)).code).toBe("EBADF");
    expect([watcher.fd, watcher.active]).toEqual([4, true]);
  });

  it("the loop's own wake-up is none of the program's", () => {
    const { loop, system } = scriptedLoop();
    loop.async(() => {});
    const own = system.wakeups[0]?.fd as number;
    expect(thrownBy(() => loop.io(own, READ, () => {})).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(thrownBy(() => loop.feedFd(own, READ)).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(loop.run("nowait")).toBe(true);
  });

  it("a limit that was raised later counts", () => {
    const { loop, system } = scriptedLoop();
    system.limit = 5000;
    expect(loop.io(4999, READ, () => {}).active).toBe(true);
  });

  it.each([8, 16, 32, 64, -1, 2 ** 33, 0.5, "1", null])("the interest %p is an error", (events) => {
    const { loop } = scriptedLoop();
    expect(thrownBy(() => loop.io(4, events as number, () => {})).code).toMatch(
      /^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/,
    );
    const watcher = loop.io(4, READ, () => {});
    expect(thrownBy(() => watcher.modify(events as number)).code).toMatch(/^ERR_/);
  });
});

describe("promise 21: what a descriptor costs", () => {
  it("a descriptor number of a million costs a page, not a table", () => {
    const { loop, system, backend } = scriptedLoop();
    system.limit = 2_000_000;
    const before = process.memoryUsage();
    const watcher = loop.io(1_000_000, READ, () => {});
    loop.run("nowait");
    const after = process.memoryUsage();
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(1_000_000);
    expect(backend.changes).toEqual([{ fd: 1_000_000, from: 0, to: READ }]);
    watcher.stop();
    loop.run("nowait");
    loop.verify();
  });

  it("a stopped descriptor costs nothing: the backend is told, and never hears of it again", () => {
    const { loop, backend } = scriptedLoop();
    loop.io(4, READ, () => {}).stop();
    loop.run("nowait");
    loop.run("nowait");
    expect(backend.changes).toEqual([]);
  });
});
