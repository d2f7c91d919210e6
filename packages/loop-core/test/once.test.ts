import { describe, expect, it } from "@jest/globals";
import { CUSTOM, describeEvents, FAILED, type LoopError, READ, TIMER, WRITE } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";

describe("promise 34: once", () => {
  it("ends with the descriptor when that comes first", () => {
    const { loop, backend } = scriptedLoop();
    const seen: number[] = [];
    const once = loop.once({ fd: 4, timeout: 50 }, (events) => seen.push(events));
    backend.next((sink) => {
      sink.ready(4, READ);
    });
    expect(loop.run()).toBe(false);
    expect(seen).toEqual([READ]);
    expect(once.active).toBe(false);
    loop.run("nowait");
    expect(backend.changes.at(-1)).toEqual({ fd: 4, from: READ, to: 0 });
  });

  it("ends with the timeout when that comes first", () => {
    const { loop, clock } = scriptedLoop();
    const seen: number[] = [];
    loop.once({ fd: 4, events: WRITE, timeout: 50 }, (events) => seen.push(events));
    expect(loop.run()).toBe(false);
    expect(seen).toEqual([TIMER]);
    expect(clock.monotonic).toBe(1050);
  });

  it("tells both when both came in one turn, in one call", () => {
    const { loop, backend, clock } = scriptedLoop();
    const seen: string[] = [];
    loop.once({ fd: 4, timeout: 50 }, (events) => seen.push(describeEvents(events)));
    backend.next((sink) => {
      clock.advance(50);
      sink.ready(4, READ);
    });
    loop.run();
    expect(seen).toEqual(["READ|TIMER"]);
  });

  it("tells a descriptor that cannot be watched", () => {
    const { loop, backend } = scriptedLoop();
    const seen: number[] = [];
    const once = loop.once({ fd: 4 }, (events) => seen.push(events));
    backend.next((sink) => {
      sink.failed(4, 9);
    });
    loop.run();
    expect(seen).toEqual([FAILED | READ | WRITE]);
    expect(once.error?.code).toBe("EBADF");
  });

  it("can be stopped, started again with what is left, fed, and invoked", () => {
    const { loop, clock } = scriptedLoop();
    const seen: number[] = [];
    const once = loop.once({ timeout: 50 }, (events) => seen.push(events));
    clock.advance(20);
    loop.updateNow();
    once.stop();
    expect(loop.run()).toBe(false);
    once.start();
    loop.run();
    expect(clock.monotonic).toBe(1050);
    once.start();
    once.feed(CUSTOM);
    expect(once.pending).toBe(true);
    loop.run("nowait");
    once.start();
    once.invoke(READ);
    expect(seen).toEqual([TIMER, CUSTOM, READ]);
    expect(once.active).toBe(false);
  });

  it("is not called after its signal aborted, though it was fed before", () => {
    const { loop } = scriptedLoop();
    const controller = new AbortController();
    let called = 0;
    const once = loop.once({ timeout: 50, start: false, signal: controller.signal }, () => called++);
    once.feed(CUSTOM);
    controller.abort();
    loop.run("nowait");
    expect(called).toBe(0);
  });

  it("starts over with its whole timeout after it ended", () => {
    const { loop, backend, clock } = scriptedLoop();
    const once = loop.once({ fd: 4, timeout: 50 }, () => {});
    backend.next((sink) => {
      clock.advance(30);
      sink.ready(4, READ);
    });
    loop.run();
    once.start();
    loop.run();
    expect(clock.monotonic).toBe(1080);
  });

  it("passes its priority on and can change it while stopped", () => {
    const { loop, backend } = scriptedLoop();
    const ran: string[] = [];
    const once = loop.once({ fd: 4, start: false }, () => ran.push("once"));
    loop.io(5, READ, (self) => {
      ran.push("io");
      self.stop();
    });
    once.priority = 2;
    once.start();
    backend.next((sink) => {
      sink.ready(4, READ);
      sink.ready(5, READ);
    });
    loop.run();
    expect(ran).toEqual(["once", "io"]);
  });

  it.each([{}, { timeout: Number.NaN }, { fd: -1 }, { fd: 4, events: 64 }])("refuses %p", (options) => {
    const { loop } = scriptedLoop();
    let code = "";
    try {
      loop.once(options, () => {});
    } catch (error) {
      code = (error as LoopError).code;
    }
    expect(code).toMatch(/^(ERR_|EBADF)/);
    expect(loop.run()).toBe(false);
  });
});
