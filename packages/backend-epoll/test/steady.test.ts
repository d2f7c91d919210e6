import { describe, expect, it } from "@jest/globals";
import { Loop } from "@polyloop/loop-core";
import * as sys from "@polyloop/sys";
import * as kernel from "@polyloop/sys/testing";
import { EpollBackend } from "../src/backend.js";
import { nativePort } from "../src/native.js";
import { factoryOf, type SteadyBackend, steadyTurns } from "../testing/steady-turns.js";

const epoll: SteadyBackend = {
  ...{ describe, it, expect, sys, kernel },
  name: "epoll",
  create: (context, seen) => new EpollBackend(context, { open: () => seen(nativePort.open()) }),
  call: "wait",
  settling: 1,
  changes: 20,
  answersLate: false,
};

steadyTurns(epoll);

describe("a steady turn without descriptors", () => {
  it("allocates nothing with timers, an async watcher, prepare, check and idle watchers", () => {
    const loop = new Loop({ backend: factoryOf(epoll) });
    loop.timer(0.001, () => {}, { repeat: 0.001 });
    loop.timer(100_000, () => {});
    loop.prepare(() => {});
    loop.check(() => {});
    loop.idle(() => {});
    const wake = loop.async(() => {});
    expect(
      kernel.bytesPerCall(() => {
        wake.send();
        loop.run("once");
      }),
    ).toBeLessThan(1);
    loop.close();
  });
});
