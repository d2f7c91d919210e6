import { describe, expect, it } from "@jest/globals";
import { BackendFailure } from "@polyloop/loop-core";
import { type FaultyKernel, faultPrograms } from "@polyloop/loop-core/conformance";
import { EINTR } from "../src/errno.js";
import { CHANGE_LENGTH, type EpollPort, type EpollSet } from "../src/port.js";
import { faultyKernel } from "../testing/faulty-kernel.js";

faultPrograms({ describe, it, kernel: () => faultyKernel() });

/** A port that does something to each wait of the one below it. */
function bent(port: EpollPort, wait: (set: EpollSet, args: Parameters<EpollSet["wait"]>) => number): EpollPort {
  return {
    open() {
      const set = port.open();
      return new Proxy(set, {
        get(target, key) {
          if (key === "wait") return (...args: Parameters<EpollSet["wait"]>) => wait(target, args);
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      });
    },
  };
}

const failsOnSignals = (port: EpollPort): EpollPort =>
  bent(port, (set, args) => {
    const result = set.wait(...args);
    if (result === -EINTR) throw new BackendFailure("epoll failed with EINTR", { syscall: "epoll_pwait2" });
    return result;
  });

const looksAtNoAnswer = (port: EpollPort): EpollPort =>
  bent(port, (set, args) => {
    const result = set.wait(...args);
    const [changes, count] = args;
    for (let index = 0; index < count; index++) changes[index * CHANGE_LENGTH + 4] = 0;
    return result;
  });

const dropsTheFirstAnswer = (port: EpollPort): EpollPort =>
  bent(port, (set, args) => {
    const result = set.wait(...args);
    // What is level-triggered comes again; what is edge-triggered does not.
    return result === 1 ? 0 : result;
  });

/** The error of the first of the kit's tests that fails. */
async function failureOf(kernel: () => FaultyKernel): Promise<string> {
  const bodies: (() => Promise<void>)[] = [];
  faultPrograms({
    describe: (_name, body) => {
      body();
    },
    it: (_name, body) => bodies.push(() => body()),
    kernel,
  });
  for (const body of bodies) {
    const message = await body().then(
      () => "",
      (error: unknown) => (error as Error).message,
    );
    if (message !== "") return message;
  }
  return "";
}

describe("fault programs catch a state machine", () => {
  it.each([
    ["that gives up when a signal ends its wait", failsOnSignals, /given up for EINTR, which was no reason/],
    ["that does not look whether its changes were made", looksAtNoAnswer, /was not told .* lost|waits for ever/],
    ["that loses an answer", dropsTheFirstAnswer, /was not told .* lost|waits for ever/],
  ])("%s", async (_flaw, reach, saying) => {
    expect(await failureOf(() => faultyKernel(reach))).toMatch(saying);
  });
});
