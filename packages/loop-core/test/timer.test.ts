import { describe, expect, it } from "@jest/globals";
import { CUSTOM, READ, TIMER } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { codeOf } from "./thrown.js";

describe("promise 22: the time that timers count from", () => {
  it("is the turn's, not the moment of the call", () => {
    const { loop, clock } = scriptedLoop();
    const fired: number[] = [];
    const begin = clock.monotonic;
    loop.timer(10, () => {
      clock.advance(50);
      loop.timer(100, () => fired.push(clock.monotonic - begin));
    });
    loop.run();
    expect(fired).toEqual([110]);
  });

  it("is the moment of the call after updateNow()", () => {
    const { loop, clock } = scriptedLoop();
    const fired: number[] = [];
    const begin = clock.monotonic;
    loop.timer(10, () => {
      clock.advance(50);
      loop.updateNow();
      loop.timer(100, () => fired.push(clock.monotonic - begin));
    });
    loop.run();
    expect(fired).toEqual([160]);
  });

  it("is the moment of the call outside a turn, where no other moment would make sense", () => {
    const { loop, clock } = scriptedLoop();
    clock.advance(50);
    const timer = loop.timer(100, () => {});
    expect(timer.remaining).toBe(100);
    loop.run();
    expect(clock.monotonic).toBe(1150);
  });

  it("is that of run() for what runs before the first wait", () => {
    const { loop, clock } = scriptedLoop();
    const seen: number[] = [];
    const start = (): void => {
      seen.push(loop.timer(100, () => {}).remaining, loop.now() - clock.wall);
    };
    loop.prepare(start);
    loop.check(start, { start: false }).feed(CUSTOM);
    clock.advance(5000);
    loop.run("nowait");
    expect(seen).toEqual([100, 0, 100, 0]);
    loop.run("nowait");
    expect(clock.monotonic).toBe(6000);
  });

  it("now() is the wall clock in milliseconds and constant within a turn", () => {
    const { loop, clock } = scriptedLoop();
    expect(loop.now()).toBe(clock.wall);
    const seen: number[] = [];
    loop.prepare(() => seen.push(loop.now()));
    loop.check(() => {
      seen.push(loop.now());
      clock.advance(3);
      seen.push(loop.now());
    });
    loop.run("nowait");
    expect(new Set(seen).size).toBe(1);
    loop.updateNow();
    expect(loop.now()).toBe(clock.wall);
  });
});

describe("promise 23: timers never fire early", () => {
  it("not by the smallest step that a double knows", () => {
    const { loop, clock } = scriptedLoop();
    let fired = 0;
    loop.timer(10, () => fired++);
    clock.monotonic = 1010 - 2 ** -43;
    loop.run("nowait");
    expect(fired).toBe(0);
    clock.monotonic = 1010;
    loop.run("nowait");
    expect(fired).toBe(1);
  });

  it("and a fraction of a millisecond is asked of the backend as it is", () => {
    const { loop, backend } = scriptedLoop();
    loop.timer(0.25, () => {});
    loop.run();
    expect(backend.timeouts).toEqual([0.25]);
  });
});

describe("promise 24: start, stop, set, again, remaining", () => {
  it("stop pauses and start resumes what was left", () => {
    const { loop, clock } = scriptedLoop();
    let fired = 0;
    const timer = loop.timer(100, () => fired++);
    clock.advance(30);
    loop.updateNow();
    timer.stop();
    clock.advance(1000);
    expect(timer.remaining).toBe(70);
    timer.start();
    expect(timer.remaining).toBe(70);
    loop.run();
    expect(fired).toBe(1);
    expect(clock.monotonic).toBe(2100);
  });

  it("an expired one-shot is inactive in its callback and starts over with its after", () => {
    const { loop, clock } = scriptedLoop();
    const fired: number[] = [];
    const timer = loop.timer(10, (self) => {
      expect(self.active).toBe(false);
      fired.push(clock.monotonic);
      if (fired.length < 3) self.start();
    });
    loop.run();
    expect(fired).toEqual([1010, 1020, 1030]);
    expect(timer.remaining).toBe(10);
  });

  it("set redefines, running or not", () => {
    const { loop, clock } = scriptedLoop();
    const fired: number[] = [];
    const timer = loop.timer(10, () => fired.push(clock.monotonic));
    clock.advance(4);
    timer.set(50);
    expect(timer.remaining).toBe(50);
    loop.run();
    expect(fired).toEqual([1054]);
    timer.set(5, 20);
    expect([timer.active, timer.repeat, timer.remaining]).toEqual([false, 20, 5]);
  });

  it("set drops what was left of a stopped timer, and a pending event", () => {
    const { loop } = scriptedLoop();
    let fired = 0;
    const timer = loop.timer(100, () => fired++);
    timer.stop();
    timer.feed(TIMER);
    timer.set(7);
    expect([timer.pending, timer.remaining]).toEqual([false, 7]);
  });

  it("repeats at start + n · repeat without drift, however late within the period", () => {
    const { loop, backend, clock } = scriptedLoop();
    const fired: number[] = [];
    loop.timer(
      10,
      (self) => {
        fired.push(clock.monotonic);
        if (fired.length === 5) self.stop();
      },
      { repeat: 10 },
    );
    for (const late of [1, 2, 3, 4, 5]) {
      backend.next((_sink, timeout) => {
        clock.advance(timeout + late);
      });
    }
    loop.run();
    expect(fired).toEqual([1011, 1022, 1033, 1044, 1055]);
  });

  it("fires once if the loop was late by more than a period, and goes on from now", () => {
    const { loop, backend, clock } = scriptedLoop();
    const fired: number[] = [];
    loop.timer(
      10,
      (self) => {
        fired.push(clock.monotonic);
        if (fired.length === 3) self.stop();
      },
      { repeat: 10 },
    );
    backend.next(() => {
      clock.advance(47);
    });
    loop.run();
    expect(fired).toEqual([1047, 1057, 1067]);
  });

  it("a repeat too small to move the clock still moves on", () => {
    const { loop, clock } = scriptedLoop();
    clock.monotonic = 1e12;
    let fired = 0;
    loop.timer(0, () => fired++, { repeat: 1e-300 });
    for (let turn = 0; turn < 5; turn++) loop.run("nowait");
    expect(fired).toBeGreaterThan(0);
    expect(fired).toBeLessThanOrEqual(5);
  });

  it("again restarts an active repeating timer, and drops a pending event", () => {
    const { loop, clock } = scriptedLoop();
    let fired = 0;
    const timer = loop.timer(5, () => fired++, { repeat: 20 });
    clock.advance(3);
    loop.updateNow();
    timer.feed(TIMER);
    timer.again();
    expect([timer.pending, timer.remaining]).toEqual([false, 20]);
  });

  it("again stops an active timer without repeat, starts an inactive one with it, and leaves one without it alone", () => {
    const { loop } = scriptedLoop();
    const timer = loop.timer(5, () => {});
    timer.again();
    expect(timer.active).toBe(false);
    timer.again();
    expect(timer.active).toBe(false);
    timer.repeat = 30;
    timer.again();
    expect([timer.active, timer.remaining]).toEqual([true, 30]);
  });

  it("remaining is negative once overdue", () => {
    const { loop, clock } = scriptedLoop();
    const timer = loop.timer(5, () => {});
    clock.advance(9);
    loop.updateNow();
    expect(timer.remaining).toBe(-4);
  });

  it("a changed repeat counts from the next expiry", () => {
    const { loop, clock } = scriptedLoop();
    const fired: number[] = [];
    loop.timer(
      10,
      (self) => {
        fired.push(clock.monotonic);
        self.repeat = fired.length === 1 ? 30 : 0;
      },
      { repeat: 10 },
    );
    loop.run();
    expect(fired).toEqual([1010, 1020, 1050]);
  });
});

describe("promise 26: suspend, and delays of any size", () => {
  it("timers do not count between suspend and resume", () => {
    const { loop, clock } = scriptedLoop();
    let fired = 0;
    const timer = loop.timer(100, () => fired++);
    clock.advance(40);
    loop.suspend();
    clock.advance(10_000);
    expect(timer.remaining).toBe(60);
    loop.resume();
    expect(timer.remaining).toBe(60);
    loop.run();
    expect(fired).toBe(1);
    expect(clock.monotonic).toBe(11_100);
  });

  it("a suspended loop goes on with everything else, and waits for no timer", () => {
    const { loop, backend, clock } = scriptedLoop();
    const seen: string[] = [];
    loop.timer(10, () => seen.push("timer"));
    loop.io(4, READ, () => seen.push("io"));
    loop.suspend();
    backend.next((sink) => {
      clock.advance(500);
      sink.ready(4, READ);
    });
    loop.run("once");
    expect(backend.timeouts).toEqual([-1]);
    expect(seen).toEqual(["io"]);
    const started = loop.timer(7, () => seen.push("started while suspended"));
    expect(started.remaining).toBe(7);
    loop.resume();
    expect(started.remaining).toBe(7);
  });

  it("twice suspended is suspended once, and resume without suspend does nothing", () => {
    const { loop, clock } = scriptedLoop();
    const timer = loop.timer(100, () => {});
    loop.resume();
    loop.suspend();
    clock.advance(10);
    loop.suspend();
    clock.advance(10);
    loop.resume();
    loop.resume();
    expect(timer.remaining).toBe(100);
  });

  it.each([2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])("a delay of %p ms works", (after) => {
    const { loop, clock } = scriptedLoop();
    let fired = 0;
    loop.timer(after, () => fired++);
    loop.run();
    expect(fired).toBe(1);
    expect(clock.monotonic).toBeGreaterThanOrEqual(1000 + after);
  });

  it("Infinity is never", () => {
    const { loop, backend } = scriptedLoop();
    loop.timer(Number.POSITIVE_INFINITY, () => {});
    backend.next(() => {});
    loop.run("once");
    expect(backend.timeouts).toEqual([-1]);
  });

  it("a negative delay fires at once", () => {
    const { loop, backend } = scriptedLoop();
    let fired = 0;
    loop.timer(-5, () => fired++);
    loop.run();
    expect(fired).toBe(1);
    expect(backend.timeouts).toEqual([0]);
  });

  it.each([Number.NaN, "10", null, undefined, {}])("a delay of %p is an error", (after) => {
    const { loop } = scriptedLoop();
    expect(codeOf(() => loop.timer(after as number, () => {}))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
    const timer = loop.timer(1, () => {});
    expect(codeOf(() => timer.set(after as number))).toMatch(/^ERR_(OUT_OF_RANGE|INVALID_ARG_TYPE)$/);
    expect(timer.active).toBe(true);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, "10"])("a repeat of %p is an error", (repeat) => {
    const { loop } = scriptedLoop();
    expect(codeOf(() => loop.timer(1, () => {}, { repeat: repeat as number }))).toMatch(/^ERR_/);
    const timer = loop.timer(1, () => {});
    expect(codeOf(() => (timer.repeat = repeat as number))).toMatch(/^ERR_/);
    expect(codeOf(() => timer.set(1, repeat as number))).toMatch(/^ERR_/);
  });
});

describe("promise 27: a million timers", () => {
  it("start, stop and expire in order", () => {
    const { loop, clock } = scriptedLoop();
    const count = 1_000_000;
    let fired = 0;
    let last = 0;
    // A fixed permutation: neither sorted nor random.
    const delayOf = (index: number): number => 1 + ((index * 7919) % 100_003);
    const timers = Array.from({ length: count }, (_, index) =>
      loop.timer(delayOf(index), () => {
        fired++;
        if (delayOf(index) < last) throw new Error("a timer fired out of order");
        last = delayOf(index);
      }),
    );
    for (let index = 0; index < count; index += 2) timers[index]?.stop();
    clock.advance(200_000);
    loop.run("nowait");
    expect(fired).toBe(count / 2);
  });

  it("stays a heap through a long random history", () => {
    const { loop, clock } = scriptedLoop();
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    const timers = Array.from({ length: 200 }, () => loop.timer(random(100), () => {}, { repeat: random(3) * 5 }));
    for (let step = 0; step < 5000; step++) {
      const timer = timers[random(200)];
      [
        () => timer?.stop(),
        () => timer?.start(),
        () => timer?.set(random(100), random(20)),
        () => timer?.again(),
        () => {
          clock.advance(random(7));
          loop.run("nowait");
        },
      ][random(5)]?.();
      loop.verify();
    }
  });
});
