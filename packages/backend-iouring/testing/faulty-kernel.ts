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
import { IoUringBackend } from "../src/backend.js";
import type { IoUringPort } from "../src/port.js";
import { type FakeCall, FakeKernel, type Nature } from "./fake-kernel.js";

const ONE_TAKEN = nothing("EAGAIN after one request");

const CALLS: Readonly<Record<FakeCall, readonly Fault[]>> = {
  io_uring_setup: ["EPERM", "ENOMEM", "EMFILE"].map(backend),
  io_uring_enter: [
    // A signal; no memory for a request just now; answers that have to be read first, before Linux 5.19; answers lost; a
    // ring that is another task's.
    ...["EINTR", "EAGAIN", "EBUSY", "EBADR", "EEXIST"].map(nothing),
    ONE_ANSWER,
    ONE_TAKEN,
    backend("ENOMEM"),
  ],
  io_uring_register: ["EBUSY", "ENOMEM"].map(backend),
  poll: [
    descriptor("EBADF"),
    // It cannot be waited for here; what it waited for was freed.
    ...["EINVAL", "EOPNOTSUPP", "ECANCELED"].map(nothing),
    backend("ENOMEM"),
  ],
  // No memory.
  look: [nothing("ENOMEM")],
  eventfd: ["EMFILE", "ENFILE", "ENOMEM"].map(backend),
};

/** An epoll set can always be waited for. */
const POLLS_OF_SETS = CALLS.poll.filter(({ what }) => what !== "EINVAL" && what !== "EOPNOTSUPP");

/** What the files are like that are opened, in turn. */
const NATURES: readonly (Nature | undefined)[] = [undefined, "socket", "refused", undefined, "socket"];

/**
 * The fake kernel as the conformance kit drives it, its epoll included; `reach` may put something between it and the state
 * machine.
 */
export function faultyKernel(
  reach: (port: IoUringPort) => IoUringPort = (port) => port,
  prepare: (fake: FakeKernel) => void = () => undefined,
  crowd?: ConstructorParameters<typeof IoUringBackend>[3],
): FaultyKernel {
  const fake = new FakeKernel();
  const create: BackendFactory["create"] = (context) =>
    new IoUringBackend(context, reach(fake), new Delegate(fake.epoll), crowd);
  const kernel = drivenByKit(fake, { name: "iouring", create }, NATURES);
  const decide: Decide = (call, faults) => kernel.decide(call, faults);
  failAsDecided(fake.epoll, decide);
  fake.fault = (call, { fd }) => {
    const isSet = call === "poll" && fake.epoll.sets.some((set) => set.fd === fd);
    const fault = decide(call, isSet ? POLLS_OF_SETS : CALLS[call]);
    fake.takenBeforeFault = fault === ONE_TAKEN ? 1 : 0;
    return outcome(fake, fault === ONE_TAKEN ? nothing("EAGAIN") : fault);
  };
  prepare(fake);
  return kernel;
}
