import { describe, expect, it } from "@jest/globals";
import { READ } from "@polyloop/loop-core";
import { type ScriptedLoop, scriptedLoop } from "@polyloop/loop-core/testing";
import { SKIPPED } from "@polyloop/sys/wakeup";

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
