import { IN } from "@polyloop/backend-epoll/poll-masks";
import { FakeKernel as FakeEpollKernel, FakeNotifier } from "@polyloop/backend-epoll/testing";
import { FakeDescriptors, type FakeFile } from "@polyloop/loop-core/testing";
import * as port from "../src/port.js";
import { FakeRing } from "./fake-ring.js";

/**
 * What a test may want to fail: a system call, poll(2) being `look`, or a `poll`, whose request is taken and then answered with
 * an error.
 */
export type FakeCall = "io_uring_setup" | "io_uring_enter" | "io_uring_register" | "poll" | "look" | "eventfd";

/** How a file differs from a pipe: a socket's waker says more than is so, and some are refused while they are not ready. */
export type Nature = "socket" | "refused";

/**
 * As much of Linux as polls in io_uring need: rings with room for so many answers, and polls that hold their file, whatever
 * becomes of its number. What became ready is looked at when the ring is entered, as with DEFER_TASKRUN. Refused descriptors
 * find epoll in `epoll`. Nothing waits: a timeout passes on the fake's own clock.
 */
export class FakeKernel implements port.IoUringPort {
  readonly descriptors: FakeDescriptors;
  /** The same kernel's epoll. */
  readonly epoll: FakeEpollKernel;
  /** What a file is like, if it is not like a pipe. */
  readonly natures = new WeakMap<FakeFile, Nature>();
  /** Every ring that is open in this process, the newest last. */
  readonly rings: FakeRing[] = [];
  /** Milliseconds. */
  monotonic = 5000;
  wall = 1_700_000_000_000;
  features =
    port.SINGLE_ISSUER |
    port.DEFER_TASKRUN |
    port.TASKRUN_FLAG |
    port.SUBMIT_ALL |
    port.SKIP_SUCCESS |
    port.RESTRICTED |
    port.NUMBERLESS |
    port.MULTISHOT;
  /** The most answers that a ring has places for. */
  mostCompletions = 65536;
  /** How many requests an enter that fails has taken before. */
  takenBeforeFault = 0;
  /** How many answers an exchange gives at most, whatever room there is. */
  mostAnswers = Number.POSITIVE_INFINITY;
  /** Native calls of rings: `apply` and `exchange`. */
  nativeCalls = 0;
  /** System calls by name. */
  readonly calls = new Map<FakeCall, number>();
  /** What the waits were asked for, in milliseconds. */
  readonly waits: number[] = [];
  /** How often a ring had more answers than places. */
  overflows = 0;
  /** Called before a wait that finds nothing and may wait: the world's chance to make something happen. */
  onWait: ((timeout: number) => void) | undefined;
  /** Decides whether a call fails: returns the errno, or 0. */
  fault: (call: FakeCall, detail: { readonly fd: number }) => number = () => 0;

  constructor(descriptors = new FakeDescriptors()) {
    this.descriptors = descriptors;
    this.epoll = new FakeEpollKernel(descriptors);
  }

  open(submissions: number, completions: number): FakeRing {
    const ring = new FakeRing(this, submissions, Math.min(completions, this.mostCompletions));
    if (ring.error === 0) this.rings.push(ring);
    return ring;
  }

  openNotifier(): FakeNotifier {
    return new FakeNotifier(this.descriptors, this.enter("eventfd"));
  }

  /** From now on this is a forked child, which may not enter its parent's rings. */
  fork(): void {
    for (const ring of this.rings) ring.leave();
    this.rings.length = 0;
  }

  /** Whether poll(2) would call a number readable. */
  isReadable(fd: number): boolean {
    for (const ring of this.rings) ring.lookAround();
    return (this.descriptors.file(fd).ready & IN) !== 0;
  }

  /** Counts a call and asks whether it fails. @internal */
  enter(call: FakeCall, fd = -1): number {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    return this.fault(call, { fd });
  }

  /** Time passed without an event. @internal */
  pass(timeout: number): void {
    if (timeout < 0) throw new Error("the backend waits for ever and the test has nothing left to happen");
    this.monotonic += timeout;
    this.wall += timeout;
  }
}
