import { describe, expect, it } from "@jest/globals";
import { EINTR } from "@polyloop/backend-epoll/errno";
import { bent, firstFailure } from "@polyloop/backend-epoll/testing";
import { BackendFailure } from "@polyloop/loop-core";
import { faultPrograms } from "@polyloop/loop-core/conformance";
import { type IoUringPort, REQUEST_LENGTH, type Ring } from "../src/port.js";
import type { FakeKernel } from "../testing/fake-kernel.js";
import { faultyKernel } from "../testing/faulty-kernel.js";
import { CROWDED } from "./stage.js";

/** Rings have few places, so that overflow is nothing rare, and cannot grow. */
function tight(fake: FakeKernel): void {
  fake.mostCompletions = 2;
}

faultPrograms({ describe, it, kernel: () => faultyKernel() });

describe("in rings that overflow", () => {
  faultPrograms({ describe, it, kernel: () => faultyKernel(undefined, tight), programs: 1000 });
});

describe("with polls that go on, however few there are", () => {
  faultPrograms({ describe, it, kernel: () => faultyKernel(undefined, undefined, CROWDED) });
});

describe("and in rings that overflow", () => {
  faultPrograms({ describe, it, kernel: () => faultyKernel(undefined, tight, CROWDED), programs: 1000 });
});

type Exchange = Ring["exchange"];

/** A port that does something to each exchange of the one below it. */
function bentPort(port: IoUringPort, exchange: (ring: Ring, args: Parameters<Exchange>) => number): IoUringPort {
  return {
    openNotifier: () => port.openNotifier(),
    open: (...sizes) => bent(port.open(...sizes), "exchange", exchange),
  };
}

const failsOnSignals = (port: IoUringPort): IoUringPort =>
  bentPort(port, (ring, args) => {
    const result = ring.exchange(...args);
    if (result === -EINTR) throw new BackendFailure("io_uring_enter failed with EINTR", { syscall: "io_uring_enter" });
    return result;
  });

const takesAllForTaken = (port: IoUringPort): IoUringPort =>
  bentPort(port, (ring, args) => {
    const result = ring.exchange(...args);
    const [requests, count] = args;
    for (let index = 0; index < count; index++) requests[index * REQUEST_LENGTH + 4] = 0;
    return result;
  });

const losesAnAnswer = (port: IoUringPort): IoUringPort =>
  bentPort(port, (ring, args) => {
    const result = ring.exchange(...args);
    return result === 1 ? 0 : result;
  });

describe("fault programs catch a state machine", () => {
  it.each([
    ["that gives up when a signal ends its wait", failsOnSignals, /given up for .*EINTR/],
    ["that takes every request for taken", takesAllForTaken, /was not told .* lost|waits for ever/],
    ["that loses an answer", losesAnAnswer, /was not told .* lost|waits for ever/],
  ])("%s", async (_flaw, reach, saying) => {
    const kernel = () => faultyKernel(reach);
    expect(await firstFailure((runner) => faultPrograms({ ...runner, kernel }))).toMatch(saying);
  });
});
