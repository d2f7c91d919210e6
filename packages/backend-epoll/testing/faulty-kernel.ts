import type { BackendFactory } from "@polyloop/loop-core";
import type { Decide, Fault, FaultyKernel } from "@polyloop/loop-core/conformance";
import { EpollBackend } from "../src/backend.js";
import { ADD, DELETE, type EpollPort, MODIFY } from "../src/port.js";
import { type FakeCall, FakeKernel } from "./fake-kernel.js";
import { backend, descriptor, files, nothing, ONE_ANSWER, outcome } from "./faults.js";

/** epoll_ctl(2), by operation. EPERM is left out: it is no fault but the nature of a file. */
const CHANGES: Readonly<Record<number, readonly Fault[]>> = {
  [ADD]: [
    ...["EBADF", "EINVAL", "ELOOP"].map(descriptor),
    ...["ENOMEM", "ENOSPC"].map(backend),
    // It is there from before; MODIFY finds that it is not.
    nothing("EEXIST"),
  ],
  [MODIFY]: [...["EBADF", "EINVAL"].map(descriptor), backend("ENOMEM"), nothing("ENOENT")],
  [DELETE]: ["EBADF", "ENOENT"].map(nothing),
};

/** Everything else. EBADF of a wait: somebody closed the set. */
const CALLS: Readonly<Record<Exclude<FakeCall, "epoll_ctl">, readonly Fault[]>> = {
  epoll_create1: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
  epoll_pwait2: [nothing("EINTR"), nothing("ENOSYS"), ONE_ANSWER, nothing("EBADF")],
  epoll_wait: [nothing("EINTR"), ONE_ANSWER, nothing("EBADF")],
  eventfd: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
};

/** The fake kernel as the conformance kit drives it; `reach` may put something between it and the state machine. */
export function faultyKernel(reach: (port: EpollPort) => EpollPort = (port) => port): FaultyKernel {
  const fake = new FakeKernel();
  const factory: BackendFactory = {
    name: "epoll",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new EpollBackend(context, reach(fake)),
  };
  const kernel = { factory, ...files(fake.descriptors), decide: (() => undefined) as Decide };
  failAsDecided(fake, (call, faults) => kernel.decide(call, faults));
  return kernel;
}

/** From now on a fake kernel's calls go wrong whenever, and however, it is decided. */
export function failAsDecided(fake: FakeKernel, decide: Decide): void {
  fake.fault = (call, { operation }) =>
    outcome(fake, decide(call, call === "epoll_ctl" ? (CHANGES[operation] ?? []) : CALLS[call]));
}
