import { describe, expect, it } from "@jest/globals";
import { CUSTOM, READ } from "@polyloop/loop-core";
import { scriptedLoop } from "@polyloop/loop-core/testing";
import { codeOf } from "./thrown.js";

describe("an AbortSignal", () => {
  it("stops the watcher when it aborts", () => {
    const { loop } = scriptedLoop();
    const controller = new AbortController();
    const watcher = loop.io(4, READ, () => {}, { signal: controller.signal });
    controller.abort();
    expect(watcher.active).toBe(false);
    expect(loop.run()).toBe(false);
  });

  it("keeps what was pending from running, also when the watcher had ended by itself", () => {
    const { loop, backend, clock } = scriptedLoop();
    const controller = new AbortController();
    const { signal } = controller;
    let called = 0;
    loop.timer(5, () => {
      controller.abort();
    });
    loop.timer(5, () => called++, { signal });
    loop.io(4, READ, () => called++, { signal, priority: -1 });
    const fed = loop.check(() => called++, { signal, start: false, priority: -1 });
    fed.feed(CUSTOM);
    loop.timer(5, () => fed.feed(CUSTOM));
    backend.next((sink) => {
      clock.advance(5);
      sink.failed(4, 9);
    });
    fed.clearPending();
    loop.run("once");
    expect(called).toBe(0);
    expect(loop.pendingCount).toBe(0);
    loop.verify();
  });

  it("that has aborted keeps the watcher from starting", () => {
    const { loop } = scriptedLoop();
    const watcher = loop.timer(1, () => {}, { signal: AbortSignal.abort() });
    watcher.start();
    expect(watcher.active).toBe(false);
  });

  it("holds no watcher that has stopped, and finds one that was started again", () => {
    const { loop } = scriptedLoop();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...details: Parameters<typeof add>) => {
      listeners++;
      add(...details);
    };
    signal.removeEventListener = (...details: Parameters<typeof remove>) => {
      listeners--;
      remove(...details);
    };
    for (let index = 0; index < 100; index++) loop.timer(0, () => {}, { signal });
    loop.run();
    expect(listeners).toBe(0);
    const watcher = loop.timer(5, () => {}, { signal });
    watcher.stop();
    watcher.start();
    controller.abort();
    expect(watcher.active).toBe(false);
  });

  it("must be one", () => {
    const { loop } = scriptedLoop();
    expect(codeOf(() => loop.check(() => {}, { signal: {} as AbortSignal }))).toBe("ERR_INVALID_ARG_TYPE");
  });
});
