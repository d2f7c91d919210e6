import { describe, expect, it } from "@jest/globals";
import { ASYNC, AsyncHandle, READ } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { codeOf } from "./thrown.js";

describe("promise 32: async", () => {
  it("coalesces sends and calls back with ASYNC", () => {
    const { loop } = scriptedLoop();
    const seen: number[] = [];
    const wake = loop.async((_watcher, events) => seen.push(events));
    wake.send();
    wake.send();
    expect(wake.pending).toBe(true);
    loop.run("nowait");
    expect(wake.pending).toBe(false);
    loop.run("nowait");
    expect(seen).toEqual([ASYNC]);
  });

  it("delivers what was sent before run(), and what was sent while it was stopped once it is started", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const wake = loop.async(() => ran++, { start: false });
    wake.send();
    loop.run("nowait");
    expect(ran).toBe(0);
    wake.start();
    loop.run("nowait");
    expect(ran).toBe(1);
  });

  it("a send inside the callback is seen in the next turn, which does not block", () => {
    const { loop, backend } = scriptedLoop();
    let ran = 0;
    const wake = loop.async((self) => {
      if (++ran < 3) self.send();
    });
    wake.send();
    for (let turn = 1; turn <= 3; turn++) {
      loop.run("once");
      expect(ran).toBe(turn);
    }
    expect(backend.timeouts).toEqual([0, 0, 0]);
  });

  it("runs several in the order started", () => {
    const { loop } = scriptedLoop();
    const ran: number[] = [];
    const wakes = [0, 1, 2].map((index) => loop.async(() => ran.push(index)));
    for (const wake of [...wakes].reverse()) wake.send();
    loop.run("nowait");
    expect(ran).toEqual([0, 1, 2]);
  });

  it("clearPending takes back what was sent, and says so (promise 14)", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const wake = loop.async(() => ran++);
    wake.send();
    expect(wake.clearPending()).toBe(ASYNC);
    expect([wake.pending, wake.clearPending()]).toEqual([false, 0]);
    loop.run("nowait");
    expect(ran).toBe(0);
  });

  it("stop takes back what was sent", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const wake = loop.async(() => ran++);
    wake.send();
    wake.stop();
    expect(wake.pending).toBe(false);
    wake.start();
    loop.run("nowait");
    expect(ran).toBe(0);
  });

  it("its handle survives structured cloning and wakes the loop from there", () => {
    const { loop } = scriptedLoop();
    let ran = 0;
    const wake = loop.async(() => ran++);
    const sender = AsyncHandle.from(structuredClone(wake.handle));
    expect(sender.send()).toBe(true);
    loop.run("nowait");
    expect(ran).toBe(1);
    loop.close();
    expect(sender.send()).toBe(false);
    expect(codeOf(() => wake.send())).toBe("ERR_LOOP_CLOSED");
  });

  it("a loop without async watchers opens no wake-up, unless its thread can be told to end", () => {
    const plain = scriptedLoop();
    plain.loop.run("nowait");
    expect(plain.system.wakeups).toHaveLength(0);
    const worker = scriptedLoop();
    worker.system.terminable = true;
    worker.loop.run("nowait");
    expect(worker.system.wakeups).toHaveLength(1);
    expect(worker.backend.changes).toEqual([{ fd: worker.system.wakeups[0]?.fd, from: 0, to: READ }]);
  });

  it("readiness of the wake-up is consumed and is no event of the user's", () => {
    const { loop, backend, system } = scriptedLoop();
    loop.async(() => {});
    const [wakeup] = system.wakeups;
    backend.next((sink) => {
      sink.ready(wakeup?.fd as number, READ);
      expect(loop.pendingCount).toBe(0);
    });
    loop.run("once");
    expect(wakeup?.consumed).toBe(1);
  });

  it.each([undefined, null, 5, {}, { control: new Int32Array(4), sent: new Int32Array(1) }, "handle"])(
    "AsyncHandle.from refuses %p",
    (value) => {
      expect(codeOf(() => AsyncHandle.from(value as never))).toBe("ERR_INVALID_ARG_TYPE");
    },
  );
});
