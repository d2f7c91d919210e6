import { Delegate } from "@polyloop/backend-epoll/delegate";
import {
  backend,
  descriptor,
  drivenByKit,
  failAsDecided,
  nothing,
  ONE_ANSWER,
  outcome,
} from "@polyloop/backend-epoll/testing";
import type { BackendFactory } from "@polyloop/loop-core";
import type { Decide, Fault, FaultyKernel } from "@polyloop/loop-core/conformance";
import { type Limits, LinuxAioBackend } from "../src/backend.js";
import type { AioPort } from "../src/port.js";
import { type FakeCall, FakeKernel, type Nature } from "./fake-kernel.js";

const CALLS: Readonly<Record<FakeCall, readonly Fault[]>> = {
  io_setup: ["EAGAIN", "ENOMEM", "EPERM"].map(backend),
  io_submit: [
    descriptor("EBADF"),
    // The file cannot be waited for here; the context is full; a signal came.
    ...["EINVAL", "EAGAIN", "EINTR"].map(nothing),
    backend("ENOMEM"),
  ],
  // It was over already; the others leave it armed.
  io_cancel: ["EINVAL", "EAGAIN", "EINTR"].map(nothing),
  // EINVAL: somebody has destroyed the context.
  io_getevents: [nothing("EINTR"), nothing("EINVAL"), backend("EFAULT"), ONE_ANSWER],
  eventfd: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
};

/** What the files are like that are opened, in turn. */
const NATURES: readonly (Nature | undefined)[] = [undefined, "socket", "terminal", undefined, "socket", "signalfd"];

/**
 * The fake kernel as the conformance kit drives it, its epoll included; `reach` may put something between it and the state
 * machine.
 */
export function faultyKernel(
  reach: (port: AioPort) => AioPort = (port) => port,
  prepare: (fake: FakeKernel) => void = () => undefined,
  limits?: Limits,
): FaultyKernel {
  const fake = new FakeKernel();
  const create: BackendFactory["create"] = (context) =>
    new LinuxAioBackend(context, reach(fake), new Delegate(fake.epoll), limits);
  const kernel = drivenByKit(fake, { name: "linuxaio", create }, NATURES);
  const decide: Decide = (call, faults) => kernel.decide(call, faults);
  failAsDecided(fake.epoll, decide);
  fake.fault = (call) => outcome(fake, decide(call, CALLS[call]));
  prepare(fake);
  return kernel;
}
