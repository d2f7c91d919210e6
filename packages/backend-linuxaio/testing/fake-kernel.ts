import { HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { EAGAIN, EBADF, EINVAL } from "@polyloop/backend-epoll/errno";
import { ERR, HUP, IN, OUT, PRI } from "@polyloop/backend-epoll/poll-masks";
import { FakeKernel as FakeEpollKernel, EventFile, FakeNotifier } from "@polyloop/backend-epoll/testing";
import { FakeDescriptors, type FakeFile } from "@polyloop/loop-core/testing";
import {
  type AioContext,
  type AioPort,
  ANSWER_LENGTH,
  CANCEL,
  REQUEST_LENGTH,
  SUBMIT,
  SUBMIT_NEW,
} from "../src/port.js";

/** A system call that a test may want to fail. */
export type FakeCall = "io_setup" | "io_submit" | "io_cancel" | "io_getevents" | "eventfd";

/**
 * How a file differs from a pipe: a socket's waker says PRI with every IN, a terminal is refused while it is not ready, and a
 * signalfd that is not ready when it is asked about is never answered.
 */
export type Nature = "socket" | "terminal" | "signalfd";

/** A cancelled request is answered after so many milliseconds of waiting, or at the next exchange. */
const CANCELLATION = 4;

/** No slot has a number as high as this. */
const MOST_SLOTS = 1 << 22;

/** What is asked, and which eventfd is told of the answer. */
interface Question {
  readonly slot: number;
  readonly generation: number;
  readonly fd: number;
  readonly mask: number;
  readonly eventfd: EventFile | null;
}

/** A request that the kernel has not answered yet. */
interface Request extends Question {
  readonly file: FakeFile;
  readonly wake: () => void;
}

/** An answer in the ring, as its waker gave it. */
interface Completion extends Question {
  readonly bits: number;
}

/**
 * As much of Linux as polls in Linux AIO need: contexts of limited room, and requests that hold their file, whatever becomes of
 * its number, and are answered once. Refused descriptors find epoll in `epoll`. Nothing waits: a timeout passes on the fake's
 * own clock.
 */
export class FakeKernel implements AioPort {
  release = "6.18.0";
  readonly descriptors: FakeDescriptors;
  /** The same kernel's epoll. */
  readonly epoll: FakeEpollKernel;
  /** What a file is like, if it is not like a pipe. */
  readonly natures = new WeakMap<FakeFile, Nature>();
  /** Every context that is open in this process, the newest last. */
  readonly contexts: FakeContext[] = [];
  /** Milliseconds. */
  monotonic = 5000;
  wall = 1_700_000_000_000;
  /** Whether completions can be read in user space. */
  readsRing = true;
  /** fs.aio-max-nr. */
  maxRequests = 65536;
  /** How many places of each context other CPUs have taken, contrary to what was promised. */
  setAside = 0;
  /** How many answers an exchange gives at most, whatever room there is. */
  mostAnswers = Number.POSITIVE_INFINITY;
  /** Native calls of contexts: `apply` and `exchange`. */
  nativeCalls = 0;
  /** System calls by name. */
  readonly calls = new Map<FakeCall, number>();
  /** What the waits were asked for, in milliseconds; a look without a system call is none. */
  readonly waits: number[] = [];
  /** Called before a wait that finds nothing and may wait: the world's chance to make something happen. */
  onWait: ((timeout: number) => void) | undefined;
  /** Decides whether a call fails: returns the errno, or 0. */
  fault: (call: FakeCall, detail: { readonly fd: number }) => number = () => 0;
  /** Contexts that are being torn down behind the program's back. */
  private readonly ending = new Set<FakeContext>();
  /** What the parent of a forked child has. */
  private inherited = 0;

  constructor(descriptors = new FakeDescriptors()) {
    this.descriptors = descriptors;
    this.epoll = new FakeEpollKernel(descriptors);
  }

  open(requests: number): FakeContext {
    const context = new FakeContext(this, requests);
    if (context.error === 0) this.contexts.push(context);
    return context;
  }

  openNotifier(): FakeNotifier {
    return new FakeNotifier(this.descriptors, this.enter("eventfd"));
  }

  /** fs.aio-nr: what was asked for, in the whole system. */
  get charged(): number {
    const all = [...this.contexts, ...this.ending];
    return all.reduce((sum, { asked }) => sum + asked, this.inherited);
  }

  /** From now on this is a forked child: it has its parent's memory and none of its contexts. */
  fork(): void {
    this.inherited = this.charged;
    for (const context of this.contexts) context.leave();
    this.contexts.length = 0;
    this.ending.clear();
  }

  /** What takes the kernel a while has happened now: contexts are torn down, and cancelled requests answered. */
  catchUp(): void {
    for (const context of this.ending) context.drop();
    this.ending.clear();
    for (const context of this.contexts) context.answerCancelled();
  }

  /** @internal */
  count(call: FakeCall): void {
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
  }

  /** Whether poll(2) would call a number readable. */
  isReadable(fd: number): boolean {
    for (const context of this.contexts) context.lookAround();
    return (this.descriptors.file(fd).ready & IN) !== 0;
  }

  /** Counts a call and asks whether it fails. @internal */
  enter(call: FakeCall): number {
    this.count(call);
    return this.fault(call, { fd: -1 });
  }

  /** A context is closed. @internal */
  end(context: FakeContext, now: boolean): void {
    const index = this.contexts.indexOf(context);
    if (index < 0) return;
    this.contexts.splice(index, 1);
    if (now) context.drop();
    else this.ending.add(context);
  }

  /** Time passed without an event. @internal */
  pass(timeout: number): void {
    if (timeout < 0) throw new Error("the backend waits for ever and the test has nothing left to happen");
    this.monotonic += timeout;
    this.wall += timeout;
  }
}

/** What is true of a file now. */
function stateOf(file: FakeFile): number {
  return file.pollable ? file.ready : IN | OUT;
}

/** What poll(2) would answer. */
function answerOf(file: FakeFile | undefined, mask: number): number {
  return file === undefined ? 0 : stateOf(file) & (mask | ERR | HUP);
}

/** A context of the fake kernel. */
export class FakeContext implements AioContext {
  error: number;
  readonly asked: number;
  readonly room: number;
  private readonly kernel: FakeKernel;
  /** Requests without an answer, the oldest first. */
  private readonly armed = new Set<Request>();
  /** Cancelled requests whose answer is on its way. */
  private cancelled: Request[] = [];
  /** Answers that were not read yet. */
  private readonly completions: Completion[] = [];
  /** The slots of all of these: a request keeps its place until its answer is read. */
  private readonly taken = new Set<number>();
  private notifier = -1;
  /** Neither in a forked child nor once somebody has destroyed it. */
  private isThere = true;

  constructor(kernel: FakeKernel, requests: number) {
    this.kernel = kernel;
    this.asked = requests;
    const errno = kernel.enter("io_setup") || (kernel.charged + requests > kernel.maxRequests ? EAGAIN : 0);
    this.error = errno === 0 ? 0 : -errno;
    this.room = errno === 0 ? requests : 0;
  }

  get readsRing(): number {
    return this.error === 0 && this.kernel.readsRing ? 1 : 0;
  }

  /** How many requests have no answer yet, for tests. */
  get size(): number {
    return this.armed.size;
  }

  /** What is armed under a number, for tests. */
  maskOf(fd: number): number | undefined {
    return [...this.armed].find((request) => request.fd === fd)?.mask;
  }

  apply(requests: Int32Array, count: number): void {
    this.kernel.nativeCalls++;
    this.applyAll(requests, count);
  }

  exchange(requests: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number {
    const { kernel } = this;
    kernel.nativeCalls++;
    kernel.catchUp();
    const taken = this.applyAll(requests, count);
    const timeout = seconds < 0 ? -1 : seconds * 1000 + nanoseconds / 1e6;
    const result = this.answer(answers, taken ? timeout : 0);
    const times = new Float64Array([kernel.monotonic, kernel.wall]);
    new Uint8Array(answers.buffer, answers.byteOffset, times.byteLength).set(new Uint8Array(times.buffer));
    return result;
  }

  hasAnswers(): number {
    if (this.error !== 0 || !this.isThere) return 0;
    this.lookAround();
    return !this.kernel.readsRing || this.completions.length > 0 ? 1 : 0;
  }

  notify(fd: number): void {
    this.notifier = fd;
  }

  close(now: boolean): void {
    if (this.error !== 0) return;
    this.error = -EBADF;
    this.kernel.end(this, now);
  }

  /** This is a forked child's memory of it. @internal */
  leave(): void {
    this.isThere = false;
    for (const request of this.armed) request.file.wakes.delete(request.wake);
  }

  /** All requests are gone, and nobody hears of them. @internal */
  drop(): void {
    this.isThere = false;
    for (const request of [...this.armed, ...this.cancelled]) this.release(request);
    this.armed.clear();
    this.cancelled = [];
    this.completions.length = 0;
    this.taken.clear();
  }

  /** @internal */
  answerCancelled(): void {
    const { cancelled } = this;
    this.cancelled = [];
    for (const request of cancelled) {
      this.release(request);
      this.complete({ ...request, bits: 0 });
    }
  }

  /**
   * Completes what became ready without a wake-up: a file that computes its readiness, as the fake epoll's sets do, has nobody to
   * tell.
   * @internal
   */
  lookAround(): void {
    for (const request of this.armed) if (answerOf(request.file, request.mask) !== 0) request.wake();
  }

  /** Makes requests and stores their results. Returns whether all were taken. */
  private applyAll(words: Int32Array, count: number): boolean {
    const batch: number[] = [];
    for (let at = 0; at < count * REQUEST_LENGTH; at += REQUEST_LENGTH) {
      const operation = words[at] as number;
      const slot = words[at + 1] as number;
      const file = this.kernel.descriptors.lookup(words[at + 2] as number);
      let errno = 0;
      if (this.error !== 0) errno = -this.error;
      else if (!this.isThere) errno = EINVAL;
      else if (operation === CANCEL) errno = this.cancel(slot);
      else if ((operation !== SUBMIT && operation !== SUBMIT_NEW) || slot < 0 || slot >= MOST_SLOTS) errno = EINVAL;
      else if (operation === SUBMIT_NEW && file !== undefined && this.isNeverAnswered(file)) errno = EINVAL;
      else batch.push(at);
      words[at + 5] = -errno;
    }
    this.submit(words, batch);
    for (let at = 0; at < count * REQUEST_LENGTH; at += REQUEST_LENGTH) {
      if (words[at] !== CANCEL && words[at + 5] !== 0) return false;
    }
    return true;
  }

  private isNeverAnswered(file: FakeFile): boolean {
    return this.kernel.natures.get(file) === "signalfd";
  }

  /** io_submit(2), as often as it takes until all were taken or refused: it stops at the first that is not taken. */
  private submit(words: Int32Array, batch: readonly number[]): void {
    const { kernel } = this;
    let begins = true;
    for (const [index, at] of batch.entries()) {
      if (begins) kernel.count("io_submit");
      const request = words.subarray(at, at + REQUEST_LENGTH);
      const errno = kernel.fault("io_submit", { fd: request[2] as number }) || this.submitOne(request);
      request[5] = -errno;
      // Why it stopped is the answer to a call that begins there.
      if (errno !== 0 && !begins) kernel.count("io_submit");
      begins = errno !== 0;
      if (errno !== EAGAIN) continue;
      // The context is full: it is for all the others, too.
      for (const other of batch.slice(index)) words[other + 5] = -EAGAIN;
      return;
    }
  }

  private submitOne(words: Int32Array): number {
    const [, slot = 0, fd = -1, mask = 0, generation = 0] = words;
    const { kernel, taken } = this;
    if (taken.has(slot)) throw new Error(`slot ${String(slot)} is used again before its answer was read`);
    if (taken.size >= this.asked - kernel.setAside) return EAGAIN;
    const file = kernel.descriptors.lookup(fd);
    const told = this.notifier < 0 ? null : kernel.descriptors.lookup(this.notifier);
    if (file === undefined || told === undefined) return EBADF;
    if (told !== null && !(told instanceof EventFile)) return EINVAL;
    const bits = answerOf(file, mask);
    const question = { slot, generation, fd, mask, eventfd: told };
    if (bits !== 0) this.complete({ ...question, bits });
    else if (!file.pollable || kernel.natures.get(file) === "terminal") return EINVAL;
    else this.arm(question, file);
    taken.add(slot);
    return 0;
  }

  private arm(question: Question, file: FakeFile): void {
    const nature = this.kernel.natures.get(file);
    const request: Request = {
      ...question,
      file,
      wake: () => {
        // Wakers say what is so, and the waker of a socket says more.
        const bits = stateOf(file) | (nature === "socket" && (file.ready & IN) !== 0 ? PRI : 0);
        if (nature === "signalfd" || (bits & (question.mask | ERR | HUP)) === 0) return;
        this.armed.delete(request);
        this.release(request);
        this.complete({ ...question, bits });
      },
    };
    this.armed.add(request);
    file.references++;
    file.wakes.add(request.wake);
  }

  /** io_cancel(2). */
  private cancel(slot: number): number {
    const fault = this.kernel.enter("io_cancel");
    const request = [...this.armed].find((one) => one.slot === slot);
    if (request === undefined) return EINVAL;
    // An answer that a test has put in the kernel's mouth: it has completed, or it stays armed.
    if (fault !== 0 && fault !== EINVAL) return fault;
    this.armed.delete(request);
    request.file.wakes.delete(request.wake);
    this.cancelled.push(request);
    return fault;
  }

  private release(request: Request): void {
    request.file.wakes.delete(request.wake);
    this.kernel.descriptors.release(request.file);
  }

  private complete(completion: Completion): void {
    this.completions.push(completion);
    completion.eventfd?.raise(IN);
  }

  /** Takes the answers that are there; if there are none, waits for one. */
  private answer(answers: Int32Array, timeout: number): number {
    if (this.error !== 0) return this.error;
    if (!this.isThere) return -EINVAL;
    const room = Math.floor((answers.length - HEADER_LENGTH) / ANSWER_LENGTH);
    const most = Math.min(room, this.kernel.mostAnswers);
    const count = this.take(answers, most);
    return count !== 0 || timeout === 0 ? count : this.wait(answers, most, timeout);
  }

  /** What is there: from the ring, or with io_getevents(2). Returns how many there were, or a negative errno. */
  private take(answers: Int32Array, most: number): number {
    const fault = this.kernel.readsRing ? 0 : this.getEvents();
    if (fault !== 0) return -fault;
    this.lookAround();
    const taken = this.completions.splice(0, most);
    for (const [index, { slot, generation, fd, mask, bits }] of taken.entries()) {
      this.taken.delete(slot);
      // What a waker says of these is not so, perhaps: the port looks at the number again.
      const isDoubtful = (bits & (PRI | ERR)) !== 0;
      const said = isDoubtful ? answerOf(this.kernel.descriptors.lookup(fd), mask) : bits;
      answers.set([slot, generation, said], HEADER_LENGTH + index * ANSWER_LENGTH);
    }
    return taken.length;
  }

  private wait(answers: Int32Array, most: number, timeout: number): number {
    const { kernel } = this;
    const fault = this.getEvents();
    if (fault !== 0) return -fault;
    kernel.waits.push(timeout);
    kernel.onWait?.(timeout);
    this.lookAround();
    if (this.completions.length === 0 && this.cancelled.length > 0) {
      kernel.pass(timeout < 0 ? CANCELLATION : Math.min(timeout, CANCELLATION));
      if (timeout < 0 || timeout > CANCELLATION) this.answerCancelled();
    } else if (this.completions.length === 0) {
      kernel.pass(timeout);
    }
    return this.take(answers, most);
  }

  /** Enters io_getevents(2). Returns why it fails, or 0. */
  private getEvents(): number {
    const fault = this.kernel.enter("io_getevents");
    // An answer that a test has put in the kernel's mouth is true from now on: somebody has destroyed the context.
    if (fault === EINVAL) this.drop();
    return fault;
  }
}
