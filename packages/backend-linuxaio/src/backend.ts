import { Answers, HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { Delegate } from "@polyloop/backend-epoll/delegate";
import { EAGAIN, EBADF, EINTR, EINVAL } from "@polyloop/backend-epoll/errno";
import { OneShots, type Requests } from "@polyloop/backend-epoll/one-shots";
import { toPoll } from "@polyloop/backend-epoll/poll-masks";
import { splitTimeout } from "@polyloop/backend-epoll/timeout";
import type { Backend, BackendContext, Capabilities, Interest, Sink } from "@polyloop/loop-core";
import { contextSize } from "./context-size.js";
import { exhausted, unavailable } from "./failures.js";
import { type AioContext, type AioPort, ANSWER_LENGTH, type Notifier } from "./port.js";
import { RequestList } from "./request-list.js";
import { Slots } from "./slots.js";

/** An answer may ask for another round (EINVAL: delegate, EAGAIN: grow); so many in a row make no headway. */
const MOST_ROUNDS = 24;

/**
 * The kernel finds the request to be taken back by a search through all of them, so a few hundred of thousands cost more than a
 * new context in which the others are asked for anew.
 */
const MOST_CANCELLATIONS = 128;

const NO_TIME = new Float64Array(1);

/** After so many polls without a `flush` nobody is polling `fd` any more. */
const UNASKED_POLLS = 64;

const SUPPORTS: Capabilities = { preciseTimeouts: true, edge: false, priority: true, pollable: true };

/**
 * The state machine of the Linux AIO backend: one poll request for each descriptor, in a context that grows. What is wanted
 * and asked is in OneShots; here is how to ask, and what the kernel's answers mean. KERNEL.md has the facts that it rests on.
 */
export class LinuxAioBackend implements Backend, Requests {
  readonly name = "linuxaio";
  readonly supports = SUPPORTS;
  private readonly port: AioPort;
  private readonly context: BackendContext;
  private readonly oneShots: OneShots;
  private aio: AioContext;
  /** How many requests the context was asked for. */
  private asked = contextSize(1);
  private readonly slots = new Slots();
  private readonly requests = new RequestList();
  private readonly answers = new Answers(ANSWER_LENGTH);
  /** How long the running `poll` may wait, in milliseconds. */
  private readonly limit = new Float64Array(1);
  /** The same as seconds and nanoseconds. */
  private readonly timeoutParts = new Int32Array(2);
  /** When the running `poll` must end, on the monotonic clock; NaN if nobody has to know. */
  private readonly deadline = new Float64Array(1);
  /** Requests taken back in one batch. */
  private cancellations = 0;
  /** The running round does not wait: it finds out what time it is. */
  private isLooking = false;
  private notifier: Notifier | undefined;
  private notifying = false;
  private unaskedPolls = 0;

  constructor(context: BackendContext, port: AioPort, delegate = new Delegate()) {
    this.context = context;
    this.port = port;
    this.oneShots = new OneShots(context, this, delegate);
    this.aio = port.open(this.asked);
    if (this.aio.error < 0) throw unavailable(-this.aio.error);
  }

  /** An eventfd that is opened when it is asked for. */
  get fd(): number {
    return this.openNotifier().fd;
  }

  modify(fd: number, from: Interest, to: Interest): void {
    this.oneShots.modify(fd, from, to);
  }

  poll(timeout: number, sink: Sink): void {
    // So small that the compiler inlines it: a fraction passed on as an argument would be an allocation.
    this.limit[0] = timeout;
    this.pollWithinLimit(sink);
  }

  private pollWithinLimit(sink: Sink): void {
    if (this.notifying && ++this.unaskedPolls > UNASKED_POLLS) this.notify(false);
    this.deadline[0] = Number.NaN;
    for (let round = 0; ; round++) {
      this.queueRequests();
      if (this.oneShots.mustLook && this.oneShots.look(sink)) this.limit[0] = 0;
      const count = this.exchange();
      const isNews = count > 0 && this.deliver(count, sink);
      if (isNews) this.limit[0] = 0;
      const isLost = count < 0 && count !== -EINTR;
      if (isLost) this.replaceLost(-count, round);
      if ((this.requests.count > 0 && this.settle(round, count > 0, sink)) || isLost) continue;
      if (isNews || count === -EINTR || !this.goesOn()) break;
    }
    this.answers.stamp(this.context.stamp);
    // What the delegate's set was seen to have is told in the turn that saw it.
    if (this.oneShots.delegateIsReady) this.oneShots.look(sink);
    if (this.notifying) this.announce();
  }

  flush(): void {
    this.unaskedPolls = 0;
    if (!this.notifying) this.notify(true);
    this.openNotifier().clear();
    for (let round = 0, goesOn = true; goesOn; round++) {
      this.queueRequests();
      this.oneShots.delegate.flush();
      this.aio.apply(this.requests.words, this.requests.count);
      goesOn = this.settle(round, false, null);
    }
    this.announce();
  }

  recreate(): void {
    this.oneShots.recreate();
    this.requests.count = 0;
    this.slots.clear();
    const old = this.aio;
    const { notifier } = this;
    this.asked = contextSize(1);
    this.aio = this.port.open(this.asked);
    // A forked child shares the eventfd with its parent.
    this.notifier = undefined;
    this.notifying = false;
    if (notifier !== undefined) this.openNotifier();
    notifier?.close();
    old.close(false);
    if (this.aio.error < 0) throw exhausted("io_setup", -this.aio.error);
  }

  close(): void {
    this.aio.close(false);
    this.notifier?.close();
    this.oneShots.delegate.close();
  }

  /** What OneShots asks. */
  arm(fd: number, interest: Interest, generation: number, isNew: boolean): void {
    this.requests.submit(this.slots.take(fd), fd, toPoll(interest), generation, isNew);
  }

  cancel(fd: number): void {
    this.requests.cancel(this.slots.cancel(fd));
    this.cancellations++;
  }

  /** Queues what there is to ask, in a context that has room for it. */
  private queueRequests(): void {
    this.cancellations = 0;
    this.oneShots.reify();
    if (this.slots.inUse > this.aio.room) this.replace(contextSize(this.slots.inUse));
    else if (this.cancellations > MOST_CANCELLATIONS) this.replace(this.asked);
    else return;
    this.oneShots.reify();
  }

  /** One native call. Returns the number of answers or a negative errno. */
  private exchange(): number {
    const { requests, answers, timeoutParts, limit, deadline } = this;
    answers.reserve(this.slots.inUse);
    // The answers to cancelled requests end a wait, which must go on then: for that the time has to be known first.
    this.isLooking = this.slots.cancelled > 0 && (limit[0] as number) > 0 && Number.isNaN(deadline[0]);
    splitTimeout(this.isLooking ? NO_TIME : limit, timeoutParts);
    return this.aio.exchange(
      requests.words,
      requests.count,
      answers.words,
      timeoutParts[0] as number,
      timeoutParts[1] as number,
    );
  }

  /** Nothing has come that anybody wants to know: whether there is time left to wait. */
  private goesOn(): boolean {
    const { limit, deadline, oneShots } = this;
    if (limit[0] === 0 || oneShots.hasChanges || oneShots.mustLook) return false;
    if ((limit[0] as number) < 0) return true;
    const now = this.answers.times[0] as number;
    if (this.isLooking) deadline[0] = now + (limit[0] as number);
    // Unless there was a look before it, the wait was the only one, and is over.
    limit[0] = Number.isNaN(deadline[0]) ? 0 : (deadline[0] as number) - now;
    return limit[0] > 0;
  }

  /**
   * Looks at the results of the requests just made. Returns whether another round is due, for what can be asked otherwise.
   * Without a sink what fails is left to the next poll.
   */
  private settle(round: number, wasDrained: boolean, sink: Sink | null): boolean {
    const { requests, slots, oneShots } = this;
    const { count } = requests;
    requests.count = 0;
    let goesOn = false;
    let isFull = false;
    let isLost = false;
    for (let index = 0; index < count; index++) {
      const result = requests.result(index);
      // The answer to a cancelled request comes either way.
      if (result === 0 || !requests.isSubmit(index)) continue;
      const fd = requests.fd(index);
      const generation = requests.generation(index);
      // The kernel does not have it.
      slots.finish(requests.slot(index));
      if (result === -EAGAIN || (result === -EINTR && round < MOST_ROUNDS)) {
        oneShots.lost(fd, generation);
        goesOn = true;
        isFull ||= result === -EAGAIN;
      } else if (result === -EINVAL && oneShots.isDelegate(fd)) {
        // An epoll set can always be polled: there is no context any more.
        isLost = true;
      } else if (result === -EINVAL) {
        oneShots.refused(fd, generation);
        goesOn = true;
      } else if (result !== -EBADF) {
        throw exhausted("io_submit", -result);
      } else if (oneShots.fails(fd, generation, EBADF, sink)) {
        this.limit[0] = 0;
      }
    }
    if (isLost) this.replaceLost(EINVAL, round);
    // First the answers that were there have to be gone: they keep their places until they are read.
    else if (isFull && !wasDrained) this.replace(contextSize(Math.max(slots.inUse, this.asked + 1)));
    return goesOn || isLost;
  }

  /** Passes on what the kernel answered. Returns whether any of it was wanted. */
  private deliver(count: number, sink: Sink): boolean {
    const { slots, oneShots } = this;
    const { words } = this.answers;
    const end = HEADER_LENGTH + count * ANSWER_LENGTH;
    let isNews = false;
    for (let at = HEADER_LENGTH; at < end; at += ANSWER_LENGTH) {
      const fd = slots.finish(words[at] as number);
      if (fd < 0) continue;
      isNews = true;
      oneShots.answered(fd, words[at + 1] as number, words[at + 2] as number, false, sink);
    }
    return isNews;
  }

  /**
   * Another context, before the old one goes: whoever has to end a context waits for tens of milliseconds. Everything is asked
   * anew there, which looks at it anew, so nothing that the old one had not told yet is lost.
   */
  private replace(requests: number): void {
    const old = this.aio;
    this.asked = requests;
    this.aio = this.port.open(requests);
    // Perhaps there is no room for both.
    old.close(this.aio.error === -EAGAIN);
    if (this.aio.error === -EAGAIN) this.aio = this.port.open(requests);
    if (this.aio.error < 0) throw exhausted("io_setup", -this.aio.error);
    this.startOver();
  }

  /** The context is not there any more: in a child that was forked without a word, or because it was ended by somebody else. */
  private replaceLost(errno: number, round: number): void {
    if (errno !== EINVAL || round >= MOST_ROUNDS) throw exhausted("io_getevents", errno);
    this.aio.close(false);
    this.aio = this.port.open(this.asked);
    if (this.aio.error < 0) throw exhausted("io_setup", -this.aio.error);
    this.startOver();
  }

  /** The new context has no request yet. */
  private startOver(): void {
    this.requests.count = 0;
    this.slots.clear();
    this.oneShots.forget();
    if (this.notifying) this.aio.notify(this.openNotifier().fd);
  }

  private openNotifier(): Notifier {
    if (this.notifier === undefined) {
      this.notifier = this.port.openNotifier();
      if (this.notifier.fd >= 0) this.oneShots.owns(this.notifier.fd);
    }
    return this.notifier;
  }

  /** Whether answers are to make `fd` readable. What was asked before does not, so it is asked anew. */
  private notify(on: boolean): void {
    const { fd } = this.openNotifier();
    if (on && fd < 0) throw exhausted("eventfd", -fd);
    this.notifying = on;
    this.aio.notify(on ? fd : -1);
    if (on) this.oneShots.askAnew();
  }

  /** Leaves `fd` readable if, and only if, the next poll would find something, or may. */
  private announce(): void {
    const notifier = this.openNotifier();
    // First this: whatever comes after it makes it readable again by itself.
    notifier.clear();
    if (this.aio.hasAnswers() === 1 || this.oneShots.hasChanges || this.oneShots.mustLook) notifier.signal();
  }
}
