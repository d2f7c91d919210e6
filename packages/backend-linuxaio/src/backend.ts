import { Answers, HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { Delegate } from "@polyloop/backend-epoll/delegate";
import { Doorbell } from "@polyloop/backend-epoll/doorbell";
import { EAGAIN, EBADF, EINTR, EINVAL } from "@polyloop/backend-epoll/errno";
import { PollRegistry, type Requests } from "@polyloop/backend-epoll/poll-registry";
import { toPoll } from "@polyloop/backend-epoll/poll-masks";
import { WaitLimit } from "@polyloop/backend-epoll/wait-limit";
import {
  type Backend,
  type BackendContext,
  type Capabilities,
  EDGE,
  type Interest,
  type Sink,
} from "@polyloop/loop-core";
import { contextSize } from "./context-size.js";
import { refusals } from "./failures.js";
import { PollContext } from "./poll-context.js";
import { type AioPort, ANSWER_LENGTH } from "./port.js";

/** An answer may ask for another round (EINVAL: delegate, EAGAIN: grow); so many in a row make no headway. */
const MOST_ROUNDS = 24;

/** From when on the backend goes about things differently because there are so many of them. */
export interface Limits {
  /**
   * The kernel finds the request to be taken back by a search through all of them, so a few hundred of thousands cost more than a
   * new context in which the others are asked for anew.
   */
  readonly cancellations: number;
  /** Polls. A context takes the kernel tens of milliseconds to end: whoever takes back many in every turn must not make one in each. */
  readonly betweenContexts: number;
  /** So many requests a turn move to a new context: all of thousands at once would be a turn that others notice. */
  readonly movedAtOnce: number;
}

const LIMITS: Limits = { cancellations: 128, betweenContexts: 64, movedAtOnce: 1024 };

const SUPPORTS: Capabilities = { preciseTimeouts: true, edge: false, priority: true, pollable: true };

/**
 * The state machine of the Linux AIO backend: one poll request for each descriptor, in a context that grows. What is wanted
 * and asked is in PollRegistry; here is how to ask, and what the kernel's answers mean. KERNEL.md has the facts that it rests on.
 */
export class LinuxAioBackend implements Backend, Requests {
  readonly name = "linuxaio";
  readonly looksFirst = false;
  readonly supports = SUPPORTS;
  private readonly port: AioPort;
  private readonly context: BackendContext;
  private readonly limits: Limits;
  private readonly registry: PollRegistry;
  private current: PollContext;
  /** The one before, as long as some requests have not moved from it. */
  private previous: PollContext | null = null;
  /** How many those are at most. */
  private unmoved = 0;
  private readonly answers = new Answers(ANSWER_LENGTH);
  private readonly limit = new WaitLimit();
  private readonly doorbell: Doorbell;
  /** Requests taken back in one batch. */
  private cancellations = 0;
  private pollsSinceMove: number;

  constructor(context: BackendContext, port: AioPort, delegate = new Delegate(), limits = LIMITS) {
    this.context = context;
    this.limits = limits;
    this.pollsSinceMove = limits.betweenContexts;
    this.port = port;
    this.registry = new PollRegistry(context, this, delegate);
    this.doorbell = new Doorbell(() => port.openNotifier(), this.registry);
    this.current = new PollContext(port, contextSize(1));
    if (this.current.aio.error < 0) throw refusals.unavailable(-this.current.aio.error);
  }

  /** An eventfd that is opened when it is asked for. */
  get fd(): number {
    return this.doorbell.fd;
  }

  modify(fd: number, _from: Interest, to: Interest): void {
    this.registry.modify(fd, to & ~EDGE);
  }

  poll(timeout: number, sink: Sink): void {
    // So small that the compiler inlines it: a fraction passed on as an argument would be an allocation.
    this.limit.left[0] = timeout;
    this.pollWithinLimit(sink);
  }

  private pollWithinLimit(sink: Sink): void {
    const { limit, registry, doorbell } = this;
    if (doorbell.countPoll()) this.current.aio.notify(-1);
    limit.begin(this.answers.times);
    this.pollsSinceMove++;
    for (let round = 0; ; round++) {
      this.queueRequests(round === 0);
      if (registry.mustLook && registry.look(sink)) limit.end();
      if (this.previous !== null) this.exchangeWithPrevious(this.previous, round, sink);
      const count = this.exchange();
      const isNews = count > 0 && this.deliver(this.current, count, sink);
      if (isNews) limit.end();
      const isLost = count < 0 && count !== -EINTR;
      if (isLost) this.replaceLost(-count, round);
      if (isLost || (this.current.requests.count > 0 && this.settle(this.current, round, count > 0, sink))) continue;
      // What was taken back, or is not so any more, ends a wait, and nobody wants to know.
      if (isNews || count <= 0 || !limit.goesOn(this.answers.times)) break;
    }
    this.answers.stamp(this.context.stamp);
    // What the delegate's set was seen to have is told in the turn that saw it.
    if (registry.delegateIsReady) registry.look(sink);
    if (doorbell.isOn) doorbell.announce(this.current.aio);
  }

  flush(): void {
    if (this.doorbell.expect()) this.startNotifying();
    for (let round = 0, goesOn = true; goesOn; round++) {
      do this.queueRequests(round === 0);
      while (this.previous !== null);
      this.registry.delegate.flush();
      const { aio, requests } = this.current;
      aio.apply(requests.words, requests.count);
      goesOn = this.settle(this.current, round, false, null);
    }
    this.doorbell.announce(this.current.aio);
  }

  recreate(): void {
    this.registry.recreate();
    this.doorbell.recreate();
    this.startOver(contextSize(1));
  }

  close(): void {
    this.previous?.close();
    this.current.close();
    this.doorbell.close();
    this.registry.delegate.close();
  }

  /** What PollRegistry asks. */
  arm(fd: number, interest: Interest, generation: number, isNew: boolean): void {
    this.current.submit(fd, toPoll(interest), generation, isNew);
  }

  goOn(): boolean {
    return false;
  }

  look(): never {
    throw new Error("polyloop: no request of Linux AIO goes on");
  }

  cancel(fd: number): void {
    // What has moved may still be known to the context before, as something that nobody waits for.
    if (this.previous === null || this.current.slots.holds(fd)) {
      this.current.cancel(fd);
      this.cancellations++;
    } else {
      this.previous.cancel(fd);
    }
  }

  /** Queues what there is to ask, in a context that has room for it. */
  private queueRequests(isFirstRound: boolean): void {
    if (this.previous !== null) this.moveSome(this.previous);
    // What is taken back keeps its place until its answer has come, so every change may need one more.
    const needed = this.current.slots.inUse + this.unmoved + this.registry.mostRequests;
    if (needed > this.current.aio.room) this.moveTo(contextSize(needed));
    this.cancellations = 0;
    this.registry.reify(isFirstRound);
    if (this.cancellations <= this.limits.cancellations || this.pollsSinceMove < this.limits.betweenContexts) return;
    this.pollsSinceMove = 0;
    this.moveTo(this.current.asked);
    this.registry.reify(isFirstRound);
  }

  /** What has not moved yet is answered there, and what is taken back is taken back there. */
  private exchangeWithPrevious(previous: PollContext, round: number, sink: Sink): void {
    // The rest moves with the next polls, which must not wait for anything.
    this.limit.end();
    const { aio, requests, slots } = previous;
    this.answers.reserve(slots.inUse);
    const count = aio.exchange(requests.words, requests.count, this.answers.words, 0, 0);
    if (count > 0) this.deliver(previous, count, sink);
    // What was refused there is asked about in the next round, or turn, of the other one.
    if (requests.count > 0) this.settle(previous, round, true, sink);
  }

  /** One native call. Returns the number of answers or a negative errno. */
  private exchange(): number {
    const { answers, limit } = this;
    const { aio, requests, slots } = this.current;
    answers.reserve(slots.inUse);
    limit.prepare();
    return aio.exchange(
      requests.words,
      requests.count,
      answers.words,
      limit.parts[0] as number,
      limit.parts[1] as number,
    );
  }

  /**
   * Looks at the results of the requests just made. Returns whether another round is due, for what can be asked otherwise.
   * Without a sink what fails is left to the next poll.
   */
  private settle(context: PollContext, round: number, wasDrained: boolean, sink: Sink | null): boolean {
    const { registry } = this;
    const { requests, slots, asked } = context;
    const count = context.endBatch();
    let goesOn = false;
    let isFull = false;
    let isLost = false;
    for (let index = 0; index < count; index++) {
      const result = requests.result(index);
      if (result === 0) continue;
      if (!requests.isSubmit(index)) {
        // EINVAL: it is answered already. Otherwise the kernel has not come to it; the list is written behind where it is read.
        if (result === -EINTR || result === -EAGAIN) requests.cancel(requests.slot(index));
        continue;
      }
      const fd = requests.fd(index);
      const generation = requests.generation(index);
      // The kernel does not have it.
      slots.finish(requests.slot(index));
      if (result === -EAGAIN || (result === -EINTR && round < MOST_ROUNDS)) {
        registry.lost(fd, generation);
        goesOn = true;
        isFull ||= result === -EAGAIN;
      } else if (result === -EINVAL && registry.isDelegate(fd)) {
        // An epoll set can always be polled: the program has closed it, as it finds out when it is looked at. If that was not
        // so, there is no context any more.
        isLost = round > 0;
        registry.fails(fd, generation, EINVAL, sink);
        goesOn = true;
      } else if (result === -EINVAL) {
        registry.refused(fd, generation);
        goesOn = true;
      } else if (result !== -EBADF) {
        throw refusals.exhausted("io_submit", -result);
      } else if (registry.fails(fd, generation, EBADF, sink)) {
        this.limit.end();
      }
    }
    if (isLost) this.replaceLost(EINVAL, round);
    // First the answers that were there have to be gone: they keep their places until they are read. But only once: what was
    // ready may be so again, and fill it for ever.
    else if (isFull && context === this.current && (!wasDrained || round > 0))
      this.moveTo(contextSize(Math.max(slots.inUse, asked + 1)));
    return goesOn || isLost;
  }

  /** Passes on what the kernel answered. Returns whether there is something to tell. */
  private deliver({ slots }: PollContext, count: number, sink: Sink): boolean {
    const { registry } = this;
    const { words } = this.answers;
    const end = HEADER_LENGTH + count * ANSWER_LENGTH;
    let isNews = false;
    for (let at = HEADER_LENGTH; at < end; at += ANSWER_LENGTH) {
      const fd = slots.finish(words[at] as number);
      if (fd < 0) continue;
      if (registry.answered(fd, words[at + 1] as number, words[at + 2] as number, 0, sink)) isNews = true;
    }
    return isNews;
  }

  /**
   * Another context, before the old one goes: whoever has to end a context waits for tens of milliseconds. What the old one has
   * is asked anew in the new one, which looks at it anew, so nothing that was not told yet is lost.
   */
  private moveTo(asked: number): void {
    const old = this.current;
    if (this.previous !== null) this.moveSome(this.previous, Number.POSITIVE_INFINITY);
    let next = new PollContext(this.port, asked);
    if (next.aio.error === -EAGAIN) {
      // Perhaps there is no room for both.
      old.aio.close(true);
      next = new PollContext(this.port, asked);
    }
    this.registry.moveOn();
    this.previous = old;
    this.unmoved = old.slots.inUse;
    this.use(next);
    this.moveSome(old, old.aio.error < 0 ? Number.POSITIVE_INFINITY : this.limits.movedAtOnce);
  }

  /** Requests of the context before move on; the last takes the context with it. */
  private moveSome(previous: PollContext, most = this.limits.movedAtOnce): void {
    this.unmoved = Math.max(this.unmoved - most, 0);
    if (!this.registry.forgetEarlier(most)) return;
    previous.close();
    this.previous = null;
    this.unmoved = 0;
  }

  /** The context is not there any more: in a child that was forked without a word, or because it was ended by somebody else. */
  private replaceLost(errno: number, round: number): void {
    if (errno !== EINVAL || round >= MOST_ROUNDS) throw refusals.exhausted("io_getevents", errno);
    this.startOver(this.current.asked);
    this.registry.forget();
  }

  /** A context without requests instead of what there is. */
  private startOver(asked: number): void {
    this.previous?.close();
    this.previous = null;
    this.unmoved = 0;
    const old = this.current;
    const next = new PollContext(this.port, asked);
    old.close();
    this.use(next);
  }

  private use(context: PollContext): void {
    this.current = context;
    if (context.aio.error < 0) throw refusals.exhausted("io_setup", -context.aio.error);
    if (this.doorbell.isOn) context.aio.notify(this.doorbell.target);
  }

  /** Answers are to make `fd` readable. What was asked before does not, so it is asked anew. */
  private startNotifying(): void {
    const { target } = this.doorbell;
    if (target < 0) throw refusals.exhausted("eventfd", -target);
    this.current.aio.notify(target);
    this.registry.askAnew();
  }
}
