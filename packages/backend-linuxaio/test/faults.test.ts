import { describe, expect, it } from "@jest/globals";
import { ANSWER_LENGTH, type AioContext, type AioPort, CANCEL, REQUEST_LENGTH } from "../src/port.js";
import { HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { EAGAIN, EINTR } from "@polyloop/backend-epoll/errno";
import { bent, firstFailure } from "@polyloop/backend-epoll/testing";
import { BackendFailure } from "@polyloop/loop-core";
import { faultPrograms } from "@polyloop/loop-core/conformance";
import type { FakeKernel } from "../testing/fake-kernel.js";
import { faultyKernel } from "../testing/faulty-kernel.js";

/** Contexts give less room than they promise, so that EAGAIN is nothing rare. */
function tight(fake: FakeKernel): void {
  fake.setAside = 12;
  fake.readsRing = false;
}

faultPrograms({ describe, it, kernel: () => faultyKernel() });

describe("in contexts that are too small, and whose completions cost a system call", () => {
  faultPrograms({ describe, it, kernel: () => faultyKernel(undefined, tight), programs: 1000 });
});

describe("with limits so low that requests move from context to context all the time", () => {
  const limits = { cancellations: 2, betweenContexts: 1, movedAtOnce: 2 };
  faultPrograms({ describe, it, kernel: () => faultyKernel(undefined, tight, limits), programs: 1000 });
});

type Exchange = AioContext["exchange"];

/** A port that does something to each exchange of the one below it. */
function bentPort(port: AioPort, exchange: (context: AioContext, args: Parameters<Exchange>) => number): AioPort {
  return {
    release: port.release,
    openNotifier: () => port.openNotifier(),
    open: (requests) => bent(port.open(requests), "exchange", exchange),
  };
}

const failsOnSignals = (port: AioPort): AioPort =>
  bentPort(port, (context, args) => {
    const result = context.exchange(...args);
    if (result === -EINTR) throw new BackendFailure("io_getevents failed with EINTR", { syscall: "io_getevents" });
    return result;
  });

const ignoresFullContexts = (port: AioPort): AioPort =>
  bentPort(port, (context, args) => {
    const result = context.exchange(...args);
    const [requests, count] = args;
    for (let at = 5; at < count * REQUEST_LENGTH; at += REQUEST_LENGTH) {
      if (requests[at] === -EAGAIN) requests[at] = 0;
    }
    return result;
  });

const losesAnAnswer = (port: AioPort): AioPort =>
  bentPort(port, (context, args) => {
    const result = context.exchange(...args);
    return result === 1 ? 0 : result;
  });

/** What it has taken back is answered as far as it is concerned. */
const reusesSlotsTooEarly = (port: AioPort): AioPort =>
  bentPort(port, (context, args) => {
    let result = context.exchange(...args);
    const [requests, count, answers] = args;
    for (let at = 0; result >= 0 && at < count * REQUEST_LENGTH; at += REQUEST_LENGTH) {
      if (requests[at] !== CANCEL) continue;
      answers.set([requests[at + 1] as number, 0, 0], HEADER_LENGTH + result++ * ANSWER_LENGTH);
    }
    return result;
  });

describe("fault programs catch a state machine", () => {
  it.each([
    ["that gives up when a signal ends its wait", failsOnSignals, /given up for .*EINTR/],
    [
      "that takes a full context for one that took everything",
      ignoresFullContexts,
      /was not told .* lost|waits for ever/,
    ],
    ["that loses an answer", losesAnAnswer, /was not told .* lost|waits for ever/],
    ["that reuses a slot too early", reusesSlotsTooEarly, /slot \d+ is used again before its answer was read/],
  ])("%s", async (_flaw, reach, saying) => {
    const kernel = () => faultyKernel(reach, tight);
    expect(await firstFailure((runner) => faultPrograms({ ...runner, kernel }))).toMatch(saying);
  });
});
