import { describe, expect, it } from "@jest/globals";
import { BackendFailure } from "@polyloop/loop-core";
import { faultPrograms } from "@polyloop/loop-core/conformance";
import { EINTR } from "../src/errno.js";
import { CHANGE_LENGTH, type EpollPort, type EpollSet } from "../src/port.js";
import { firstFailure } from "../testing/first-failure.js";
import { bent } from "../testing/proxies.js";
import { faultyKernel } from "../testing/faulty-kernel.js";

faultPrograms({ describe, it, kernel: () => faultyKernel() });

/** A port that does something to each wait of the one below it. */
function bentPort(port: EpollPort, wait: (set: EpollSet, args: Parameters<EpollSet["wait"]>) => number): EpollPort {
  return { open: () => bent(port.open(), "wait", wait) };
}

const failsOnSignals = (port: EpollPort): EpollPort =>
  bentPort(port, (set, args) => {
    const result = set.wait(...args);
    if (result === -EINTR) throw new BackendFailure("epoll failed with EINTR", { syscall: "epoll_pwait2" });
    return result;
  });

const looksAtNoAnswer = (port: EpollPort): EpollPort =>
  bentPort(port, (set, args) => {
    const result = set.wait(...args);
    const [changes, count] = args;
    for (let index = 0; index < count; index++) changes[index * CHANGE_LENGTH + 4] = 0;
    return result;
  });

const dropsTheFirstAnswer = (port: EpollPort): EpollPort =>
  bentPort(port, (set, args) => {
    const result = set.wait(...args);
    // What is level-triggered comes again; what is edge-triggered does not.
    return result === 1 ? 0 : result;
  });

describe("fault programs catch a state machine", () => {
  it.each([
    ["that gives up when a signal ends its wait", failsOnSignals, /given up for EINTR, which was no reason/],
    ["that does not look whether its changes were made", looksAtNoAnswer, /was not told .* lost|waits for ever/],
    ["that loses an answer", dropsTheFirstAnswer, /was not told .* lost|waits for ever/],
  ])("%s", async (_flaw, reach, saying) => {
    const kernel = () => faultyKernel(reach);
    expect(await firstFailure((runner) => faultPrograms({ ...runner, kernel }))).toMatch(saying);
  });
});
