import {
  type Backend,
  type BackendContext,
  type Capabilities,
  DescriptorMap,
  EDGE,
  ERROR,
  HANGUP,
  type Interest,
  READ,
  type Sink,
  WRITE,
} from "@polyloop/loop-core";
import { Answers, HEADER_LENGTH } from "./answers.js";
import { ChangeList } from "./change-list.js";
import { EBADF, EEXIST, EINTR, EINVAL, ENOENT, ENOMEM, ENOSPC, ENOSYS, EPERM } from "./errno.js";
import { exhausted, unavailable } from "./failures.js";
import { toEpoll } from "./masks.js";
import { fromPoll } from "./poll-masks.js";
import { ADD, ANSWER_LENGTH, DELETE, type EpollPort, type EpollSet, MARKER, MODIFY } from "./port.js";
import { splitTimeout, wholeMilliseconds } from "./timeout.js";

/** A descriptor's state is one number: what core wants, what the kernel was told, and the flags below. */
const WANTED = 0x3f;
const REGISTERED_SHIFT = 6;
const REGISTERED = WANTED << REGISTERED_SHIFT;
/** It is on the list of changed descriptors. */
const CHANGED = 0x1000;
/** Its number may stand for another file than the one registered. */
const SUSPECT = 0x2000;
/** epoll refused it with EPERM: a regular file or its like, ready whenever asked. */
const ALWAYS_READY = 0x4000;
/** It reported what nobody wants and would for ever; registered edge-triggered until something wanted comes. */
const PARKED = 0x8000;

/** A change may be answered by another one (ADD: EEXIST, MODIFY: ENOENT, ADD); this many in a row are no race any more. */
const MOST_ROUNDS = 4;

/** One always-ready descriptor is offered to epoll anew in so many turns. */
const ASK_EVERY = 16;

const SUPPORTS: Capabilities = { preciseTimeouts: true, edge: true, priority: true, pollable: true };
const SUPPORTS_MILLISECONDS: Capabilities = { ...SUPPORTS, preciseTimeouts: false };

/**
 * The state machine of the epoll backend: what is registered, and what each answer of the kernel means. KERNEL.md has the
 * facts that it rests on.
 */
export class EpollBackend implements Backend {
  readonly name = "epoll";
  private readonly port: EpollPort;
  private readonly context: BackendContext;
  private set: EpollSet;
  private readonly states = new DescriptorMap();
  /** Descriptors whose registration may have to change, each once. */
  private changed: number[] = [];
  private alwaysReady: number[] = [];
  private readonly changes = new ChangeList();
  private readonly question = new ChangeList();
  private readonly answers = new Answers(ANSWER_LENGTH);
  /** How long the running `poll` may wait, in milliseconds. */
  private readonly limit = new Float64Array(1);
  /** The same as seconds and nanoseconds. */
  private readonly timeoutParts = new Int32Array(2);
  private precise = true;
  private turnsSinceAsked = 0;
  private markedReadable = false;
  private closed = false;
  /** The set reports what is not registered in it. */
  private haunted = false;
  /** How often the set was replaced: whoever polls `fd` must begin anew then, even if its number is the same. */
  renewals = 0;

  constructor(context: BackendContext, port: EpollPort) {
    this.context = context;
    this.port = port;
    this.set = port.open();
    if (this.set.fd < 0) throw unavailable(-this.set.fd);
  }

  /** Another number after `recreate()`, and after a `poll` that had to replace the set. */
  get fd(): number {
    return this.set.fd;
  }

  get supports(): Capabilities {
    return this.precise ? SUPPORTS : SUPPORTS_MILLISECONDS;
  }

  modify(fd: number, from: Interest, to: Interest): void {
    this.states.set(fd, (this.states.get(fd) & ~(WANTED | PARKED)) | to | (from === to ? SUSPECT : 0));
    this.markChanged(fd);
  }

  poll(timeout: number, sink: Sink): void {
    // So small that the compiler inlines it: a fraction passed on as an argument would be an allocation.
    this.limit[0] = timeout;
    this.pollWithinLimit(sink);
  }

  private pollWithinLimit(sink: Sink): void {
    if (this.markedReadable) this.markReadable(false);
    if (this.alwaysReady.length > 0 && ++this.turnsSinceAsked === ASK_EVERY) this.askAgain();
    if (this.changed.length > 0) this.queueChanges();
    if (this.alwaysReady.length > 0) this.limit[0] = 0;
    const count = this.exchange(sink);
    this.answers.stamp(this.context.stamp);
    if (count > 0) this.deliver(count, sink);
    if (this.alwaysReady.length > 0) this.deliverAlwaysReady(sink);
    if (this.haunted) this.renew();
  }

  flush(): void {
    this.queueChanges();
    for (let round = 0; this.changes.count > 0; round++) {
      this.set.apply(this.changes.words, this.changes.count);
      this.settleChanges(round, null);
    }
    // What failed is tried again by the next poll, which can report it.
    if (this.alwaysReady.length > 0 || this.changed.length > 0) this.markReadable(true);
  }

  recreate(): void {
    this.forgetRegistrations();
    this.states.forEach((fd) => {
      this.states.set(fd, 0);
    });
    this.changed = [];
    this.alwaysReady = [];
    this.reopen();
  }

  close(): void {
    this.closed = true;
    this.set.close();
  }

  /**
   * Whether a `poll(0)` would do something that does not show in `fd`: hand over changes, or report descriptors that are
   * always ready. For whoever embeds this backend.
   */
  get mustPoll(): boolean {
    return this.changed.length > 0 || this.alwaysReady.length > 0;
  }

  /**
   * Asks the kernel whether epoll refuses a descriptor because there is no way to wait for it: it is ready whenever asked.
   * The descriptor must not be watched here.
   */
  refuses(fd: number): boolean {
    const { question } = this;
    question.count = 0;
    question.push(ADD, fd, 0, 0);
    this.set.apply(question.words, 1);
    const result = question.result(0);
    if (result !== 0) return result === -EPERM;
    question.count = 0;
    question.push(DELETE, fd, 0, 0);
    this.set.apply(question.words, 1);
    return false;
  }

  /** Nothing tells of the end of an always-ready descriptor: now and then one of them, in turn, is offered to epoll anew. */
  private askAgain(): void {
    this.turnsSinceAsked = 0;
    this.markChanged(this.alwaysReady[0] as number);
  }

  private markChanged(fd: number): void {
    const state = this.states.get(fd);
    this.states.set(fd, state | CHANGED);
    if ((state & CHANGED) === 0) this.changed.push(fd);
  }

  /** Compares what is wanted with what is registered, for every changed descriptor. */
  private queueChanges(): void {
    for (let index = 0; index < this.changed.length; index++) this.queueChange(this.changed[index] as number);
    this.changed.length = 0;
    // Every change is a new question to the kernel; the answer may put it back, at the end.
    if (this.alwaysReady.length > 0) this.dropFromAlwaysReady();
  }

  private dropFromAlwaysReady(): void {
    let kept = 0;
    for (let index = 0; index < this.alwaysReady.length; index++) {
      const fd = this.alwaysReady[index] as number;
      if ((this.states.get(fd) & ALWAYS_READY) !== 0) this.alwaysReady[kept++] = fd;
    }
    this.alwaysReady.length = kept;
  }

  private queueChange(fd: number): void {
    const state = this.states.get(fd);
    const wanted = state & WANTED;
    const registered = (state & REGISTERED) >> REGISTERED_SHIFT;
    const target = (state & PARKED) === 0 ? wanted : wanted | EDGE;
    this.states.set(fd, wanted | (target << REGISTERED_SHIFT) | (state & PARKED));
    if (registered === 0) {
      if (target !== 0) this.changes.push(ADD, fd, toEpoll(target), this.context.generations.increment(fd));
    } else if (target === 0) {
      this.context.generations.increment(fd);
      this.changes.push(DELETE, fd, 0, 0);
    } else if (target !== registered || (state & SUSPECT) !== 0) {
      // Right if it is still the same file; ENOENT tells if it is not.
      this.changes.push(MODIFY, fd, toEpoll(target), this.context.generations.get(fd));
    }
  }

  /** Hands the changes over and waits, until none of them asks for another one. Returns the number of answers. */
  private exchange(sink: Sink): number {
    for (let round = 0; ; round++) {
      const result = this.wait();
      if (result === -EBADF || result === -EINVAL) {
        this.replaceLostSet(round);
        continue;
      }
      if (result < 0 && result !== -EINTR) throw exhausted(-result);
      const count = Math.max(result, 0);
      if (this.changes.count > 0 && this.settleChanges(round, sink)) this.limit[0] = 0;
      if (this.changes.count === 0) return count;
      // Another round. One of the changes may just have turned out to be always ready.
      if (this.alwaysReady.length > 0) this.limit[0] = 0;
      // A change failed, so the kernel did not wait. An edge among its answers comes only once.
      if (count > 0) {
        this.deliver(count, sink);
        this.limit[0] = 0;
      }
    }
  }

  /** One native call. Returns the number of answers or a negative errno. */
  private wait(): number {
    const timeout = this.limit[0] as number;
    const { words, count } = this.changes;
    const answers = this.answers.words;
    if (!this.precise) return this.set.waitMilliseconds(words, count, answers, wholeMilliseconds(timeout));
    splitTimeout(this.limit, this.timeoutParts);
    const result = this.set.wait(words, count, answers, this.timeoutParts[0] as number, this.timeoutParts[1] as number);
    if (result !== -ENOSYS) return result;
    this.precise = false;
    return this.set.waitMilliseconds(words, 0, answers, count > 0 ? 0 : wholeMilliseconds(timeout));
  }

  /**
   * Looks at the results of the changes just made and queues what they ask for. Returns whether a descriptor failed and was
   * reported; without a sink it is left to the next poll.
   */
  private settleChanges(round: number, sink: Sink | null): boolean {
    const { changes } = this;
    const { count } = changes;
    let reported = false;
    changes.count = 0;
    for (let index = 0; index < count; index++) {
      const result = changes.result(index);
      if (result === 0) continue;
      const fd = changes.fd(index);
      if (!this.settle(changes.operation(index), fd, -result, round)) continue;
      if (sink === null) {
        this.markChanged(fd);
      } else {
        this.states.set(fd, 0);
        // EINVAL: it was closed while it was watched, and a new set has taken its number.
        sink.failed(fd, fd === this.set.fd ? EBADF : -result);
        reported = true;
      }
    }
    return reported;
  }

  /** One change that was refused. Returns whether its descriptor failed. */
  private settle(operation: number, fd: number, errno: number, round: number): boolean {
    // The file is closed, and took its registration along; or a dup keeps both alive, and its ghost will show itself.
    if (operation === DELETE) return false;
    const state = this.states.get(fd);
    const target = (state & REGISTERED) >> REGISTERED_SHIFT;
    if (operation === ADD && errno === EEXIST && round < MOST_ROUNDS) {
      this.changes.push(MODIFY, fd, toEpoll(target), this.context.generations.get(fd));
      return false;
    }
    const generation = this.context.generations.increment(fd);
    if (operation === MODIFY && errno === ENOENT && round < MOST_ROUNDS) {
      this.changes.push(ADD, fd, toEpoll(target), generation);
      return false;
    }
    const isAlwaysReady = errno === EPERM;
    this.states.set(fd, (state & ~REGISTERED) | (isAlwaysReady ? ALWAYS_READY : 0));
    // The answer to any operation on a file that has no way to wait; MODIFY meets one under a number that was reused.
    if (isAlwaysReady) {
      // Urgent data it never has, and an end to every wait would be a poor way to say so.
      if ((state & (READ | WRITE)) !== 0) this.alwaysReady.push(fd);
      return false;
    }
    if (errno === ENOSPC || errno === ENOMEM) throw exhausted(errno);
    return true;
  }

  /** Passes on what the kernel answered. */
  private deliver(count: number, sink: Sink): void {
    const { states } = this;
    const { generations } = this.context;
    const { words } = this.answers;
    const end = HEADER_LENGTH + count * ANSWER_LENGTH;
    for (let at = HEADER_LENGTH; at < end; at += ANSWER_LENGTH) {
      const fd = words[at] as number;
      if (fd === MARKER) continue;
      if (words[at + 1] !== generations.get(fd)) {
        this.haunted = true;
        continue;
      }
      const state = states.get(fd);
      const wanted = state & WANTED;
      const got = fromPoll(words[at + 2] as number) & (wanted | ERROR | HANGUP);
      const isWanted = (got & wanted) !== 0;
      if (isWanted) sink.ready(fd, got);
      // Only PRIORITY is wanted and the other side hung up: level-triggered, that would end every wait from now on.
      if (isWanted === ((state & PARKED) !== 0)) this.park(fd, !isWanted);
    }
    this.answers.growIfFull(count);
  }

  private park(fd: number, on: boolean): void {
    const state = this.states.get(fd);
    this.states.set(fd, on ? state | PARKED : state & ~PARKED);
    this.markChanged(fd);
  }

  private deliverAlwaysReady(sink: Sink): void {
    for (let index = 0; index < this.alwaysReady.length; index++) {
      const fd = this.alwaysReady[index] as number;
      sink.ready(fd, this.states.get(fd) & (READ | WRITE));
    }
  }

  /**
   * The set reports a file that is registered under a number which stands for another one, or for none, by now: a dup keeps
   * it alive, and nothing but a new set gets rid of it. Everything wanted is registered again with the next change.
   */
  private renew(): void {
    this.forgetRegistrations();
    this.reopen();
  }

  /** Opens a new set before the old one is closed, so that its number differs and whoever polls it can notice. */
  private reopen(): void {
    const old = this.set;
    this.renewals++;
    this.set = this.port.open();
    this.haunted = false;
    this.markedReadable = false;
    old.close();
    if (this.set.fd >= 0) return;
    // EMFILE, most likely: the old one made room.
    this.set = this.port.open();
    if (this.set.fd < 0) throw exhausted(-this.set.fd);
  }

  /** The kernel's side is gone: what is wanted has changed as far as it is concerned. */
  private forgetRegistrations(): void {
    this.changes.count = 0;
    this.states.forEach((fd, state) => {
      if ((state & REGISTERED) === 0) return;
      this.context.generations.increment(fd);
      this.states.set(fd, state & (WANTED | CHANGED));
      this.markChanged(fd);
    });
  }

  /**
   * EBADF or EINVAL of the wait itself: somebody closed the set, and its number may be another file's. What the changes were
   * answered then means nothing.
   */
  private replaceLostSet(round: number): void {
    if (this.closed || round >= MOST_ROUNDS) throw exhausted(EBADF);
    this.set.abandon();
    this.renew();
    this.queueChanges();
  }

  private markReadable(on: boolean): void {
    const result = this.set.keepReadable(on);
    if (result < 0) throw exhausted(-result);
    this.markedReadable = on;
  }
}
