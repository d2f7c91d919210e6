import { describe, expect, it } from "@jest/globals";
import { READ, WRITE } from "@polyloop/loop-core";
import { type ScriptedLoop, scriptedLoop } from "@polyloop/loop-core/testing";

/** Lets promises settle, which they cannot while run() owns the thread. */
async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await Promise.resolve();
}

/** One turn in which descriptor 4 is ready. */
function turnWithReadiness({ loop, backend }: ScriptedLoop): void {
  backend.next((sink) => {
    sink.ready(4, READ | WRITE);
  });
  loop.run("nowait");
}

describe("promise 37: ready()", () => {
  it("resolves with the bits", async () => {
    const scene = scriptedLoop();
    const ready = scene.loop.ready(4, READ);
    turnWithReadiness(scene);
    expect(await ready).toBe(READ);
    expect(scene.loop.run()).toBe(false);
  });

  it("rejects with ETIMEDOUT on timeout", async () => {
    const { loop } = scriptedLoop();
    const ready = loop.ready(4, READ, { timeout: 30 });
    loop.run();
    await expect(ready).rejects.toMatchObject({ code: "ETIMEDOUT" });
  });

  it("rejects with AbortError on abort, before and while it waits", async () => {
    const { loop } = scriptedLoop();
    const controller = new AbortController();
    const ready = loop.ready(4, READ, { signal: controller.signal });
    controller.abort();
    await expect(ready).rejects.toMatchObject({ name: "AbortError" });
    await expect(loop.ready(4, READ, { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(loop.run()).toBe(false);
  });

  it("rejects with the descriptor's error, with a bad argument's, and when the loop closes", async () => {
    const { loop, backend } = scriptedLoop();
    const failing = loop.ready(4, READ);
    backend.next((sink) => {
      sink.failed(4, 9);
    });
    loop.run();
    await expect(failing).rejects.toMatchObject({ code: "EBADF" });
    await expect(loop.ready(-1, READ)).rejects.toMatchObject({ code: "EBADF" });
    await expect(loop.ready(undefined as never, READ)).rejects.toMatchObject({ code: "ERR_INVALID_ARG_TYPE" });
    await expect(loop.ready(4, READ, { timeout: Number.NaN })).rejects.toMatchObject({ code: "ERR_OUT_OF_RANGE" });
    const waiting = loop.ready(4, READ);
    loop.close();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_LOOP_CLOSED" });
    await expect(loop.ready(4, READ)).rejects.toMatchObject({ code: "ERR_LOOP_CLOSED" });
  });
});

describe("promise 37: watch()", () => {
  it("watches from the moment next() is called", async () => {
    const scene = scriptedLoop();
    const next = scene.loop.watch(4, READ).next();
    turnWithReadiness(scene);
    expect(await next).toEqual({ done: false, value: READ });
  });

  it("yields each readiness, and watches only while the program waits for the next", async () => {
    const scene = scriptedLoop();
    const iterator = scene.loop.watch(4, READ);
    const first = iterator.next();
    await settle();
    turnWithReadiness(scene);
    expect(await first).toEqual({ done: false, value: READ });
    expect(scene.loop.run()).toBe(false);
    const second = iterator.next();
    await settle();
    turnWithReadiness(scene);
    expect(await second).toEqual({ done: false, value: READ });
    await iterator.return?.();
  });

  it("ends when the signal aborts", async () => {
    const { loop } = scriptedLoop();
    const controller = new AbortController();
    const next = loop.watch(4, READ, { signal: controller.signal }).next();
    await settle();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(loop.run()).toBe(false);
  });

  it("ends when the loop closes", async () => {
    const { loop } = scriptedLoop();
    const iterator = loop.watch(4, READ);
    const next = iterator.next();
    await settle();
    loop.close();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("releases its watcher on break, return and throw, also while next() is outstanding", async () => {
    const scene = scriptedLoop();
    const { loop } = scene;
    const consumed = (async () => {
      for await (const events of loop.watch(4, READ)) return events;
      return 0;
    })();
    await settle();
    turnWithReadiness(scene);
    expect(await consumed).toBe(READ);
    expect(loop.run()).toBe(false);

    const returned = loop.watch(4, READ);
    const outstanding = returned.next();
    await settle();
    expect(loop.run("nowait")).toBe(true);
    await returned.return?.();
    expect(await outstanding).toEqual({ done: true, value: undefined });
    expect(loop.run()).toBe(false);

    const thrown = loop.watch(4, READ);
    const other = thrown.next();
    await settle();
    await expect(thrown.throw?.(new Error("enough"))).rejects.toThrow("enough");
    expect(await other).toEqual({ done: true, value: undefined });
    expect(loop.run()).toBe(false);
  });

  it("answers calls of next() in their order", async () => {
    const scene = scriptedLoop();
    const iterator = scene.loop.watch(4, READ);
    const both = [iterator.next(), iterator.next()];
    for (let turn = 0; turn < 2; turn++) {
      await settle();
      turnWithReadiness(scene);
    }
    expect(await Promise.all(both)).toEqual([
      { done: false, value: READ },
      { done: false, value: READ },
    ]);
    await iterator.return?.();
  });

  it("throws the descriptor's error and is over then", async () => {
    const { loop, backend } = scriptedLoop();
    const iterator = loop.watch(4, READ);
    const next = iterator.next();
    await settle();
    backend.next((sink) => {
      sink.failed(4, 9);
    });
    loop.run();
    await expect(next).rejects.toMatchObject({ code: "EBADF" });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
