import { Delegate } from "@polyloop/backend-epoll/delegate";
import * as errno from "@polyloop/backend-epoll/errno";
import { failAsDecided, files } from "@polyloop/backend-epoll/testing";
import type { BackendFactory } from "@polyloop/loop-core";
import type { Decide, Fault, FaultyKernel } from "@polyloop/loop-core/conformance";
import { type Limits, LinuxAioBackend } from "../src/backend.js";
import type { AioPort } from "../src/port.js";
import { type FakeCall, FakeKernel, type Nature } from "./fake-kernel.js";

const NUMBERS: Readonly<Record<string, number>> = { ...errno, EFAULT: 14, EMFILE: 24, ENFILE: 23 };

const backend = (what: string): Fault => ({ what, costs: "backend" });
const descriptor = (what: string): Fault => ({ what, costs: "descriptor" });
const nothing = (what: string): Fault => ({ what, costs: "nothing" });

const ONE_ANSWER = nothing("only one answer");

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
  const factory: BackendFactory = {
    name: "linuxaio",
    probe: () => ({ ok: true, features: [] }),
    create: (context) => new LinuxAioBackend(context, reach(fake), new Delegate(fake.epoll), limits),
  };
  let opened = 0;
  const kernel = {
    factory,
    ...files(fake.descriptors),
    open(pollable: boolean) {
      const fd = fake.descriptors.create(pollable);
      const nature = pollable ? NATURES[opened++ % NATURES.length] : undefined;
      if (nature !== undefined) fake.natures.set(fake.descriptors.file(fd), nature);
      return fd;
    },
    decide: (() => undefined) as Decide,
  };
  const decide: Decide = (call, faults) => kernel.decide(call, faults);
  failAsDecided(fake.epoll, decide);
  fake.fault = (call) => {
    const fault = decide(call, CALLS[call]);
    fake.mostAnswers = fault === ONE_ANSWER ? 1 : Number.POSITIVE_INFINITY;
    return fault === undefined || fault === ONE_ANSWER ? 0 : (NUMBERS[fault.what] as number);
  };
  prepare(fake);
  return kernel;
}
