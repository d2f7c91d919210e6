import {
  EAGAIN,
  EBADF,
  EBADR,
  EBUSY,
  ECANCELED,
  EEXIST,
  EINVAL,
  EOPNOTSUPP,
  ETIME,
} from "@polyloop/backend-epoll/errno";
import { ERR, HUP, IN, OUT, PRI, RDHUP } from "@polyloop/backend-epoll/poll-masks";
import { EventFile } from "@polyloop/backend-epoll/testing";
import type { FakeFile } from "@polyloop/loop-core/testing";
import * as port from "../src/port.js";
import { moveQuestionsToFront, Room, swap } from "./arrays.js";
import type { FakeKernel } from "./fake-kernel.js";

/** What a socket's waker says with whatever it says, and nobody who looks. */
const RDBAND = 0x80;

/** Whether more may be said than is so; `all`: of whatever comes. What the kernel has seen itself is PRI without RDBAND. */
function isDoubtful(result: number, all: boolean): boolean {
  if (result <= 0 || (result & RDBAND) !== 0) return result > 0;
  return (result & PRI) === 0 && (all || (result & ERR) !== 0);
}

/** A call did not reach the ring. */
const ELSEWHERE = [-EBADF, -EOPNOTSUPP, -EEXIST];

/** io_uring adds these to what is asked. */
const ALWAYS = ERR | HUP | RDHUP;

/** A poll that the kernel has. */
interface Poll {
  readonly fd: number;
  readonly generation: number;
  readonly mask: number;
  readonly many: boolean;
  readonly file: FakeFile;
  readonly wake: () => void;
  /** Wake-ups that the task has not looked at yet, and what the first of them said. */
  wakes: number;
  said: number;
  /** What was so the last time that anybody looked, of a file that computes it. */
  seen: number;
}

/** An answer in the queue; null where it is one to a removal, which the port keeps to itself. */
type Completion = readonly [fd: number, generation: number, result: number, more: boolean] | null;

/** What is true of a file now. */
function stateOf(file: FakeFile): number {
  return file.pollable ? file.ready : IN | OUT;
}

/** A ring of the fake kernel. */
export class FakeRing implements port.Ring {
  error: number;
  fd = -1;
  readonly submissions: number;
  private readonly file: FakeFile | undefined;
  private readonly places: number;
  private readonly kernel: FakeKernel;
  private readonly polls = new Set<Poll>();
  /** Those that were woken, in that order: task work. */
  private readonly woken = new Set<Poll>();
  /** Answers in the queue, and those beyond its places. */
  private readonly completions: Completion[] = [];
  private readonly overflow: Completion[] = [];
  /** Answers that say more than is so, perhaps; or all of them may. */
  private readonly doubtful: Int32Array[] = [];
  private doubtsAll = false;
  private hasDropped = false;
  private notifier: EventFile | undefined;
  /** Not in a forked child. */
  private isThere = true;

  constructor(kernel: FakeKernel, submissions: number, completions: number) {
    this.kernel = kernel;
    this.submissions = submissions;
    const errno = kernel.enter("io_uring_setup");
    this.error = errno === 0 ? 0 : -errno;
    this.places = completions;
    if (errno !== 0 || (kernel.features & port.NUMBERLESS) !== 0) return;
    this.fd = kernel.descriptors.create();
    this.file = kernel.descriptors.file(this.fd);
  }

  get room(): number {
    return this.error === 0 ? this.places : 0;
  }

  get features(): number {
    return this.error === 0 ? this.kernel.features : 0;
  }

  /** How many polls are armed, for tests. */
  get size(): number {
    return this.polls.size;
  }

  /** What is armed under a number, for tests. */
  maskOf(fd: number): number | undefined {
    return [...this.polls].find((poll) => poll.fd === fd)?.mask;
  }

  apply(requests: Int32Array, count: number): void {
    this.kernel.nativeCalls++;
    this.submit(requests, count, 0);
  }

  exchange(requests: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number {
    const { kernel } = this;
    kernel.nativeCalls++;
    const timeout = seconds < 0 ? -1 : seconds * 1000 + nanoseconds / 1e6;
    const room = new Room(answers, kernel.mostAnswers);
    const isUsable = this.error === 0 && this.isThere;
    let done = 0;
    if (isUsable) {
      const questions = moveQuestionsToFront(requests, count);
      if (questions > 0) {
        const kept = Math.min(questions, Math.floor(room.capacity / 2));
        if (this.hasAnswers() === 1) this.take(room, port.EARLY, kept);
        done = this.ask(requests, questions, room, room.left - kept);
      }
    }
    const hasFailed = done > 0 && requests[4] !== 0;
    const rest = requests.subarray(done * port.REQUEST_LENGTH);
    const result = this.submit(rest, count - done, room.count === 0 && !hasFailed ? timeout : 0);
    if (isUsable) {
      this.take(room, 0, 0);
      this.ask(requests, 0, room, 0);
    }
    const times = new Float64Array([kernel.monotonic, kernel.wall]);
    new Uint8Array(answers.buffer, answers.byteOffset, times.byteLength).set(new Uint8Array(times.buffer));
    if (this.hasDropped) return -EBADR;
    return room.count === 0 || ELSEWHERE.includes(result) ? result : room.count;
  }

  hasAnswers(): number {
    if (this.error !== 0 || !this.isThere) return 0;
    this.lookAround();
    return this.hasMore || this.hasCompletions() ? 1 : 0;
  }

  notify(fd: number): number {
    if (this.error !== 0) return this.error;
    if (!this.isThere) return -EEXIST;
    this.notifier = undefined;
    if (fd < 0) return 0;
    const errno = this.kernel.enter("io_uring_register");
    if (errno !== 0) return -errno;
    const file = this.kernel.descriptors.lookup(fd);
    if (file === undefined) return -EBADF;
    if (!(file instanceof EventFile)) return -EINVAL;
    this.notifier = file;
    return 0;
  }

  abandon(): void {
    this.fd = -1;
    this.close();
  }

  close(): void {
    if (this.error !== 0) return;
    this.error = -EBADF;
    if (this.fd >= 0 && this.whyElsewhere() === 0) this.kernel.descriptors.close(this.fd);
    this.fd = -1;
    const index = this.kernel.rings.indexOf(this);
    if (index >= 0) this.kernel.rings.splice(index, 1);
    // In a child they are the parent's.
    if (!this.isThere) return;
    for (const poll of this.polls) this.end(poll);
  }

  /** The completion queue was full and there was no memory left: an answer is lost. @internal */
  drop(): void {
    this.hasDropped = true;
  }

  /** This is a forked child's memory of it. @internal */
  leave(): void {
    this.isThere = false;
    for (const poll of this.polls) poll.file.wakes.delete(poll.wake);
  }

  /**
   * Wakes what became ready without a wake-up: a file that computes its readiness, as the fake epoll's sets do, has nobody to
   * tell.
   * @internal
   */
  lookAround(): void {
    for (const poll of this.polls) {
      const state = stateOf(poll.file);
      const isNew = (state & poll.mask & ~poll.seen) !== 0;
      poll.seen = state;
      if (poll.wakes === 0 && (isNew || (!poll.many && (state & poll.mask) !== 0))) poll.wake();
    }
  }

  /** The flags that make it worth to enter the kernel. */
  private get hasMore(): boolean {
    return this.woken.size > 0 || this.overflow.length > 0;
  }

  /** Whether there are completions, those of removals aside, which say nothing. */
  private hasCompletions(): boolean {
    while (this.completions[0] === null) this.completions.shift();
    return this.completions.length > 0;
  }

  /**
   * poll(2) about the first requests and about the answers that are in doubt; room is to be left for so many. Returns how many
   * requests that was all for, which are the first ones then.
   */
  private ask(requests: Int32Array, count: number, room: Room, kept: number): number {
    const doubtful = this.doubtful.splice(0);
    const errno = count + doubtful.length === 0 ? 0 : this.kernel.enter("look");
    const isSo = (fd: number, mask: number): number => {
      const file = this.kernel.descriptors.lookup(fd);
      return file === undefined ? -EBADF : stateOf(file) & (mask | ERR | HUP);
    };
    for (const answer of doubtful) {
      if (errno === 0) answer[2] = isSo(answer[0] as number, answer[2] as number);
      else if (errno !== EINVAL) answer[2] = -EAGAIN;
    }
    let done = 0;
    let failed = 0;
    for (let index = 0; index < count; index++) {
      const at = index * port.REQUEST_LENGTH;
      const [operation, fd = -1, mask = 0, generation = 0] = requests.subarray(at, at + port.REQUEST_LENGTH);
      const isLook = operation === port.LOOK;
      const bits = errno === 0 ? isSo(fd, mask) : 0;
      const isTold = bits > 0 || (bits < 0 && isLook);
      const hasRoom = room.left > kept;
      if (isTold && hasRoom) room.store(fd, generation, bits, isLook ? port.MORE | port.AT_ONCE : port.AT_ONCE);
      if (!isLook && !(isTold && hasRoom)) continue;
      const hasFailed = isLook && (errno !== 0 || (isTold && !hasRoom));
      if (hasFailed) requests[at + 4] = -EAGAIN;
      swap(requests, done, index);
      if (hasFailed) swap(requests, failed++, done);
      done++;
    }
    return done;
  }

  /** Makes the requests and waits with the last of them. Returns 0, or why the wait ended. */
  private submit(words: Int32Array, count: number, timeout: number): number {
    const refusal = this.error !== 0 ? -this.error : this.isThere ? this.whyElsewhere() : EEXIST;
    let errno = refusal;
    let done = 0;
    this.lookAround();
    while (errno === 0) {
      const batch = Math.min(count - done, this.submissions);
      const waits = timeout !== 0 && done + batch === count && !this.hasCompletions();
      if (batch === 0 && !waits && !this.hasMore) break;
      errno = this.kernel.enter("io_uring_enter");
      const taken = errno === 0 ? batch : Math.min(batch, this.kernel.takenBeforeFault);
      for (let index = 0; index < taken; index++, done++) this.request(words, done * port.REQUEST_LENGTH);
      if (errno === EBADR) this.drop();
      // Why it took no more is told by the next call. Without requests there is nothing it could have no memory for.
      if (taken > 0 || (batch === 0 && (errno === EAGAIN || errno === EBUSY))) errno = 0;
      if (errno === 0 && taken === batch) errno = this.wait(batch > 0, waits, timeout);
      if (done === count) break;
    }
    if (done === count) return errno === 0 || errno === ETIME ? 0 : -errno;
    for (; done < count; done++) words[done * port.REQUEST_LENGTH + 4] = -errno;
    return errno === EAGAIN || errno === EBUSY ? 0 : -errno;
  }

  /** Why a call with its number does not reach it: an errno, or 0. */
  private whyElsewhere(): number {
    if (this.file === undefined) return 0;
    const file = this.kernel.descriptors.lookup(this.fd);
    if (file === undefined) return EBADF;
    return file === this.file ? 0 : EOPNOTSUPP;
  }

  private request(words: Int32Array, at: number): void {
    const [operation, fd = -1, mask = 0, generation = 0] = words.subarray(at, at + port.REQUEST_LENGTH);
    if (operation === port.REMOVE) {
      this.remove(fd, generation);
      return;
    }
    const fault = this.kernel.enter("poll", fd);
    const file = this.kernel.descriptors.lookup(fd);
    const errno = fault !== 0 ? fault : file === undefined ? EBADF : 0;
    if (errno !== 0 || file === undefined) {
      this.complete([fd, generation, -errno, false]);
      return;
    }
    const many = operation === port.POLL_MANY;
    const poll: Poll = {
      fd,
      generation,
      mask: mask | ALWAYS | ((mask & (IN | PRI)) !== 0 ? RDBAND : 0),
      many,
      file,
      wakes: 0,
      said: 0,
      seen: stateOf(file),
      wake: () => {
        const state = stateOf(file);
        poll.seen = state;
        const bits = state | (this.kernel.natures.get(file) === "socket" ? IN | PRI | RDBAND : 0);
        if ((bits & poll.mask) === 0 || ((state & ~OUT) === 0 && (bits & poll.mask & state) === 0)) return;
        if (poll.wakes++ === 0) poll.said = bits & poll.mask;
        this.woken.add(poll);
        this.signal();
      },
    };
    const bits = stateOf(file) & poll.mask;
    if (bits === 0 && (!file.pollable || this.kernel.natures.get(file) === "refused")) {
      this.complete([fd, generation, -EINVAL, false]);
    } else if (bits !== 0 && !(many && file.pollable)) {
      this.complete([fd, generation, bits, false]);
    } else {
      this.arm(poll);
      if (bits !== 0) this.report(poll, bits);
    }
  }

  private arm(poll: Poll): void {
    this.polls.add(poll);
    poll.file.references++;
    poll.file.wakes.add(poll.wake);
  }

  private find(fd: number, generation: number): Poll | undefined {
    return [...this.polls].find((poll) => poll.fd === fd && poll.generation === generation);
  }

  private remove(fd: number, generation: number): void {
    const poll = this.find(fd, generation);
    if (poll === undefined) {
      // ENOENT, which nobody is told of.
      this.complete(null);
      return;
    }
    this.end(poll);
    this.complete([fd, generation, -ECANCELED, false]);
  }

  private end(poll: Poll): void {
    this.polls.delete(poll);
    this.woken.delete(poll);
    poll.file.wakes.delete(poll.wake);
    this.kernel.descriptors.release(poll.file);
  }

  /** What had no place moves up. */
  private flushOverflow(): void {
    this.completions.push(...this.overflow.splice(0, this.places - this.completions.length));
  }

  /** Looks at what was woken, as the task that enters the kernel does. */
  private runTasks(): void {
    for (const poll of this.woken) {
      const bits = poll.wakes === 1 ? poll.said : stateOf(poll.file) & poll.mask;
      poll.wakes = 0;
      this.woken.delete(poll);
      // Woken more than once, and nothing is left of it.
      if (bits !== 0) this.report(poll, bits);
    }
  }

  private report(poll: Poll, bits: number): void {
    // A poll that would go on ends when its answer has no place.
    const more = poll.many && this.completions.length < this.places;
    if (!more) this.end(poll);
    this.complete([poll.fd, poll.generation, bits, more]);
  }

  private complete(completion: Completion): void {
    if (this.completions.length < this.places) {
      this.completions.push(completion);
    } else {
      this.kernel.overflows++;
      this.overflow.push(completion);
    }
    this.signal();
  }

  private signal(): void {
    this.notifier?.raise(IN);
  }

  /** What an enter does besides taking requests. Returns 0 or an errno. */
  private wait(hasTaken: boolean, waits: boolean, timeout: number): number {
    const { kernel } = this;
    this.flushOverflow();
    this.runTasks();
    if (!waits || this.completions.length > 0) return 0;
    kernel.waits.push(timeout);
    kernel.onWait?.(timeout);
    this.lookAround();
    this.runTasks();
    if (this.completions.length > 0) return 0;
    kernel.pass(timeout);
    return hasTaken ? 0 : ETIME;
  }

  /** Copies out what is there, and what has no place yet, as long as more room is left than is kept. */
  private take(room: Room, what: number, kept: number): void {
    for (;;) {
      while (this.completions.length > 0 && room.left > kept) {
        const completion = this.completions.shift();
        if (completion === null || completion === undefined) continue;
        const [fd, generation, result, more] = completion;
        const answer = room.store(fd, generation, result, what | (more ? port.MORE : 0));
        if (isDoubtful(result, this.doubtsAll)) this.doubtful.push(answer);
      }
      if (room.left === kept || !this.hasMore || this.kernel.enter("io_uring_enter") !== 0) break;
      this.flushOverflow();
      this.runTasks();
    }
    this.doubtsAll = this.hasAnswers() === 1;
  }
}
