import { FakeDescriptors, FakeFile } from "@polyloop/loop-core/testing";
import { EBADF, EEXIST, EINVAL, ENOENT, ENOSPC, EPERM } from "../src/errno.js";
import { ERR, HUP, IN } from "../src/poll-masks.js";
import { HEADER_LENGTH } from "../src/answers.js";
import {
  ADD,
  ANSWER_LENGTH,
  CHANGE_LENGTH,
  DELETE,
  type EpollPort,
  type EpollSet,
  ET,
  MARKER,
  MODIFY,
} from "../src/port.js";

interface Registration {
  readonly file: FakeFile;
  readonly fd: number;
  mask: number;
  generation: number;
  /** The edge that was last reported, for ET. */
  reportedEdge: number;
}

/** A call that a test may want to fail. */
export type FakeCall = "epoll_create1" | "epoll_ctl" | "epoll_wait" | "epoll_pwait2" | "eventfd";

/**
 * As much of Linux as epoll needs: sets whose registrations belong to a file *and* a number and live as long as the file
 * does. Nothing waits: a timeout passes on the fake's own clock.
 */
export class FakeKernel implements EpollPort {
  /** Other fake kernels may share them. */
  readonly descriptors: FakeDescriptors;
  /** Every set that is open, the newest last. */
  readonly sets: FakeSet[] = [];
  /** Milliseconds. */
  monotonic = 5000;
  wall = 1_700_000_000_000;
  /** Native calls of sets: `apply`, `wait` and `waitMilliseconds`. */
  nativeCalls = 0;
  /** System calls by name. */
  readonly calls = new Map<FakeCall, number>();
  /** How many registrations a user may have, as fs.epoll.max_user_watches limits them. */
  maxRegistrations = Number.POSITIVE_INFINITY;
  /** How many answers a wait gives at most, whatever room there is. */
  mostAnswers = Number.POSITIVE_INFINITY;
  /** What the waits were asked for, in milliseconds. */
  readonly waits: number[] = [];
  /** Called before a wait that finds nothing and may wait: the world's chance to make something happen. */
  onWait: ((timeout: number) => void) | undefined;
  /** Decides whether a call fails: returns the errno, or 0. */
  fault: (call: FakeCall, detail: { readonly fd: number; readonly operation: number }) => number = () => 0;

  constructor(descriptors = new FakeDescriptors()) {
    this.descriptors = descriptors;
    descriptors.onGone.add((file) => {
      for (const set of this.sets) set.forget(file);
    });
  }

  open(): FakeSet {
    const set = new FakeSet(this);
    if (set.fd >= 0) this.sets.push(set);
    return set;
  }

  /** Counts a call and asks whether it fails. @internal */
  enter(call: FakeCall, fd = -1, operation = 0): number {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    return this.fault(call, { fd, operation });
  }

  /** Registrations in all sets. @internal */
  get registrations(): number {
    return this.sets.reduce((sum, set) => sum + set.size, 0);
  }

  /** A wait passed without an event. @internal */
  pass(timeout: number): void {
    if (timeout < 0) throw new Error("the backend waits for ever and the test has nothing left to happen");
    this.monotonic += timeout;
    this.wall += timeout;
  }
}

/** What the descriptor of a set stands for: readable while the set would report something. */
class SetFile extends FakeFile {
  private readonly set: FakeSet;

  constructor(set: FakeSet) {
    super(true);
    this.set = set;
  }

  override get ready(): number {
    return this.set.readable ? IN : 0;
  }
}

/** An epoll set of the fake kernel. */
export class FakeSet implements EpollSet {
  fd: number;
  private readonly kernel: FakeKernel;
  private readonly file = new SetFile(this);
  /** In the order in which they are looked at; those reported go to the end, as in the kernel. */
  private registrations: Registration[] = [];
  private marked = false;

  constructor(kernel: FakeKernel) {
    this.kernel = kernel;
    const errno = kernel.enter("epoll_create1");
    this.fd = errno === 0 ? kernel.descriptors.install(this.file) : -errno;
  }

  get size(): number {
    return this.registrations.length;
  }

  /** What is registered under a number, for tests. */
  maskOf(fd: number): number | undefined {
    return this.find(fd)?.mask;
  }

  apply(changes: Int32Array, count: number): void {
    this.kernel.nativeCalls++;
    this.applyAll(changes, count);
  }

  wait(changes: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number {
    this.kernel.nativeCalls++;
    const taken = this.applyAll(changes, count);
    const timeout = seconds < 0 ? -1 : seconds * 1000 + nanoseconds / 1e6;
    return this.answer(this.kernel.enter("epoll_pwait2"), answers, taken ? timeout : 0);
  }

  waitMilliseconds(changes: Int32Array, count: number, answers: Int32Array, milliseconds: number): number {
    this.kernel.nativeCalls++;
    const taken = this.applyAll(changes, count);
    return this.answer(this.kernel.enter("epoll_wait"), answers, taken ? milliseconds : 0);
  }

  keepReadable(on: boolean): number {
    const errno = on && !this.marked ? this.kernel.enter("eventfd") : 0;
    if (errno !== 0) return -errno;
    this.marked = on;
    return 0;
  }

  abandon(): void {
    this.fd = -EBADF;
    this.drop();
  }

  close(): void {
    if (this.fd >= 0) this.kernel.descriptors.close(this.fd);
    this.fd = -EBADF;
    this.drop();
  }

  /** Whether poll(2) on the set would call it readable. */
  get readable(): boolean {
    return this.marked || this.registrations.some((registration) => due(registration) !== 0);
  }

  /** The errno of every call on a set that is closed, also by somebody else: its number may be another file's. */
  private get lost(): number {
    const file = this.kernel.descriptors.lookup(this.fd);
    return file === this.file ? 0 : file === undefined ? EBADF : EINVAL;
  }

  /** The last number of a file was closed. @internal */
  forget(file: FakeFile): void {
    this.registrations = this.registrations.filter((registration) => registration.file !== file);
  }

  private drop(): void {
    this.registrations = [];
    this.marked = false;
    const index = this.kernel.sets.indexOf(this);
    if (index >= 0) this.kernel.sets.splice(index, 1);
  }

  private applyAll(changes: Int32Array, count: number): boolean {
    let taken = true;
    for (let index = 0; index < count; index++) {
      const [operation, fd, mask, generation] = changes.subarray(index * CHANGE_LENGTH) as unknown as number[];
      const errno = this.control(operation as number, fd as number, mask as number, generation as number);
      changes[index * CHANGE_LENGTH + 4] = -errno;
      if (errno !== 0) taken = false;
    }
    return taken;
  }

  /** epoll_ctl(2). */
  private control(operation: number, fd: number, mask: number, generation: number): number {
    const fault = this.kernel.enter("epoll_ctl", fd, operation);
    if (fault !== 0) return this.makeTrue(fault, fd);
    const file = this.kernel.descriptors.lookup(fd);
    if (file === undefined) return EBADF;
    if (this.lost !== 0) return this.lost;
    if (!file.pollable) return EPERM;
    if (fd === this.fd) return EINVAL;
    const registration = this.find(fd);
    if (operation === ADD) {
      if (registration !== undefined) return EEXIST;
      if (this.kernel.registrations >= this.kernel.maxRegistrations) return ENOSPC;
      this.registrations.push({ file, fd, mask, generation, reportedEdge: -1 });
      return 0;
    }
    if (registration === undefined) return ENOENT;
    if (operation === DELETE) this.registrations.splice(this.registrations.indexOf(registration), 1);
    else if (operation === MODIFY) Object.assign(registration, { mask, generation, reportedEdge: -1 });
    else return EINVAL;
    return 0;
  }

  /** An answer that a test has put in the kernel's mouth: what it says of a registration is so from now on. */
  private makeTrue(errno: number, fd: number): number {
    const file = this.kernel.descriptors.lookup(fd);
    const registration = this.find(fd);
    if (errno === ENOENT && registration !== undefined) {
      this.registrations.splice(this.registrations.indexOf(registration), 1);
    } else if (errno === EEXIST && registration === undefined && file !== undefined) {
      this.registrations.push({ file, fd, mask: 0, generation: -1, reportedEdge: -1 });
    }
    return errno;
  }

  private find(fd: number): Registration | undefined {
    const file = this.kernel.descriptors.lookup(fd);
    return this.registrations.find((registration) => registration.fd === fd && registration.file === file);
  }

  private answer(fault: number, answers: Int32Array, timeout: number): number {
    const { kernel } = this;
    // An answer that a test has put in the kernel's mouth is true from now on: somebody has closed the set.
    if (fault === EBADF && this.lost === 0) kernel.descriptors.close(this.fd);
    const errno = fault !== 0 ? fault : this.lost;
    let count = 0;
    if (errno === 0) {
      kernel.waits.push(timeout);
      count = this.collect(answers);
      if (count === 0 && timeout !== 0) {
        kernel.onWait?.(timeout);
        count = this.collect(answers);
        if (count === 0) kernel.pass(timeout);
      }
    }
    const times = new Float64Array([kernel.monotonic, kernel.wall]);
    new Uint8Array(answers.buffer, answers.byteOffset, times.byteLength).set(new Uint8Array(times.buffer));
    return errno === 0 ? count : -errno;
  }

  private collect(answers: Int32Array): number {
    const room = Math.floor((answers.length - HEADER_LENGTH) / ANSWER_LENGTH);
    const capacity = Math.min(room, this.kernel.mostAnswers);
    let count = 0;
    const put = (fd: number, generation: number, mask: number): void => {
      answers.set([fd, generation, mask], HEADER_LENGTH + count++ * ANSWER_LENGTH);
    };
    if (this.marked) put(MARKER, 0, IN);
    const reported: Registration[] = [];
    for (const registration of this.registrations) {
      const bits = due(registration);
      if (bits === 0 || count === capacity) continue;
      put(registration.fd, registration.generation, bits);
      registration.reportedEdge = registration.file.edges;
      reported.push(registration);
    }
    // The kernel puts what it reported behind what it did not get to.
    this.registrations = [...this.registrations.filter((one) => !reported.includes(one)), ...reported];
    return count;
  }
}

/** The bits a registration would report now. */
function due({ file, mask, reportedEdge }: Registration): number {
  if ((mask & ET) !== 0 && reportedEdge === file.edges) return 0;
  return file.ready & (mask | ERR | HUP);
}
