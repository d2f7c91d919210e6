import { Answers, HEADER_LENGTH } from "@polyloop/backend-epoll/answers";
import { Delegate } from "@polyloop/backend-epoll/delegate";
import { Doorbell } from "@polyloop/backend-epoll/doorbell";
import {
  EAGAIN,
  EBADF,
  EBADR,
  EBUSY,
  ECANCELED,
  EEXIST,
  EINTR,
  EINVAL,
  EOPNOTSUPP,
} from "@polyloop/backend-epoll/errno";
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
import { refusals } from "./failures.js";
import {
  ANSWER_LENGTH,
  type IoUringPort,
  LOOK,
  MORE,
  MULTISHOT,
  POLL,
  POLL_LIKELY,
  POLL_MANY,
  type Ring,
} from "./port.js";
import { RequestList } from "./request-list.js";
import { completionsFor, SUBMISSIONS } from "./ring-size.js";

/** An answer may ask for another round (EINVAL: delegate, EAGAIN: again); so many in a row make no headway. */
const MOST_ROUNDS = 24;

/**
 * Of how many descriptors the last turn has to have told for polls that go on, and of how few for those that do not: with few
 * a poll for each answer takes less, and only one system call.
 */
const CROWD = { many: 8, few: 2 };

/** What a request that is ONCE, ON or LIKELY is to the ring. */
const OPERATIONS = [POLL, POLL_MANY, POLL_LIKELY];

const SUPPORTS: Capabilities = { preciseTimeouts: true, edge: true, priority: true, pollable: true };

/**
 * The state machine of the io_uring backend: one poll for each descriptor, in a ring that grows. When many are told in a turn
 * polls go on, and a descriptor that is not edge-triggered is looked at again after it was told; when few are, polls are made
 * again. What is wanted and asked is in PollRegistry; here is how to ask, and what the kernel's answers mean. KERNEL.md has
 * the facts that it rests on.
 */
export class IoUringBackend implements Backend, Requests {
  readonly name = "iouring";
  readonly looksFirst = true;
  readonly supports = SUPPORTS;
  private readonly port: IoUringPort;
  private readonly context: BackendContext;
  private readonly crowd: typeof CROWD;
  private readonly registry: PollRegistry;
  private ring: Ring;
  /** The kernel has no larger ring. */
  private isLargest = false;
  /** The ring knows polls that go on, and there are enough to be asked about. */
  private knowsMany = false;
  private isCrowded = false;
  /** Polls in the ring: those whose last answer was not seen. */
  private polls = 0;
  /** Those of them that are POLL_LIKELY, and not yet made. */
  private likely = 0;
  private readonly requests = new RequestList();
  private readonly answers = new Answers(ANSWER_LENGTH);
  private readonly limit = new WaitLimit();
  private readonly doorbell: Doorbell;

  constructor(context: BackendContext, port: IoUringPort, delegate = new Delegate(), crowd = CROWD) {
    this.crowd = crowd;
    this.context = context;
    this.port = port;
    this.registry = new PollRegistry(context, this, delegate);
    this.doorbell = new Doorbell(() => port.openNotifier(), this.registry);
    this.ring = this.open(0);
    if (this.ring.error < 0) throw refusals.unavailable(-this.ring.error);
  }

  /** An eventfd that is opened when it is asked for. */
  get fd(): number {
    return this.doorbell.fd;
  }

  modify(fd: number, _from: Interest, to: Interest): void {
    this.registry.modify(fd, to);
  }

  poll(timeout: number, sink: Sink): void {
    // So small that the compiler inlines it: a fraction passed on as an argument would be an allocation.
    this.limit.left[0] = timeout;
    this.pollWithinLimit(sink);
  }

  private pollWithinLimit(sink: Sink): void {
    const { limit, registry, doorbell } = this;
    if (doorbell.countPoll()) this.notify(-1);
    limit.begin(this.answers.times);
    for (let round = 0; ; round++) {
      this.queueRequests(round === 0);
      if (registry.mustLook && registry.look(sink)) limit.end();
      const hasRemoved = this.requests.removals > 0;
      const count = this.exchange();
      const untaken = this.settle();
      const isNews = count > 0 && this.deliver(count, sink);
      if (isNews || count === -EINTR) limit.end();
      if (count < 0 && count !== -EINTR) this.recover(-count, round);
      else if (untaken !== 0) this.recover(untaken, round);
      // What was removed, found to be removed, or is not so any more, ends a wait, and nobody wants to know.
      else if ((count === 0 && !hasRemoved) || !limit.goesOn(this.answers.times)) break;
    }
    this.answers.stamp(this.context.stamp);
    // What the delegate's set was seen to have is told in the turn that saw it.
    if (registry.delegateIsReady) registry.look(sink);
    if (doorbell.isOn) doorbell.announce(this.ring);
  }

  flush(): void {
    if (this.doorbell.expect()) this.notify(this.doorbell.target);
    for (let round = 0, goesOn = true; goesOn; round++) {
      this.queueRequests(round === 0, false);
      this.registry.delegate.flush();
      this.ring.apply(this.requests.words, this.requests.count);
      const untaken = this.settle();
      goesOn = untaken !== 0;
      if (goesOn) this.recover(untaken, round);
    }
    this.doorbell.announce(this.ring);
  }

  recreate(): void {
    const { ring } = this;
    // In a process that did not fork what is stopped is let go of at once; the ring of another process does not listen.
    this.registry.takeBack();
    this.registry.recreate();
    this.doorbell.recreate();
    this.end(ring);
    this.ring = this.open(0);
    if (this.ring.error < 0) throw refusals.exhausted("io_uring_setup", -this.ring.error);
  }

  close(): void {
    // By itself a ring lets go of files some milliseconds after it has ended.
    this.registry.takeBack();
    this.end(this.ring);
    this.doorbell.close();
    this.registry.delegate.close();
  }

  /** What PollRegistry asks. */
  arm(fd: number, interest: Interest, generation: number, _isNew: boolean, how: number): void {
    const operation = (interest & EDGE) !== 0 ? POLL_MANY : (OPERATIONS[how] as number);
    this.requests.poll(operation, fd, toPoll(interest), generation);
    this.polls++;
    if (operation === POLL_LIKELY) this.likely++;
  }

  goOn(count: number): boolean {
    if (count >= this.crowd.many) this.isCrowded = this.knowsMany;
    else if (count > 0 && count <= this.crowd.few) this.isCrowded = false;
    return this.isCrowded;
  }

  look(fd: number, interest: Interest, generation: number): void {
    this.requests.poll(LOOK, fd, toPoll(interest), generation);
  }

  cancel(fd: number, generation: number): void {
    this.requests.remove(fd, generation);
  }

  /** Queues what there is to ask, in a ring that has room for the answers. */
  private queueRequests(isFirstRound: boolean, mayLook = true): void {
    this.registry.reify(isFirstRound, mayLook);
    // What is likely to be ready is hardly ever polled.
    if (this.polls - this.likely <= this.ring.room || this.isLargest) return;
    this.replace(this.polls);
    this.registry.reify(isFirstRound, mayLook);
  }

  /** One native call. Returns the number of answers or a negative errno. */
  private exchange(): number {
    const { requests, answers, limit } = this;
    // What polls tell, and what looking at them does.
    answers.reserve(this.polls * 2);
    limit.prepare();
    return this.ring.exchange(
      requests.words,
      requests.count,
      answers.words,
      limit.parts[0] as number,
      limit.parts[1] as number,
    );
  }

  /** Sees to requests that the kernel did not take: the next round makes them. Returns why it did not, or 0. */
  private settle(): number {
    const { requests, registry } = this;
    const { count } = requests;
    const result = count === 0 ? 0 : Math.min(requests.result(0), requests.result(count - 1));
    const untaken = -result;
    requests.clear();
    this.likely = 0;
    for (let index = 0; untaken !== 0 && index < count; index++) {
      if (requests.result(index) === 0) continue;
      const fd = requests.fd(index);
      const generation = requests.generation(index);
      // The list is written behind where it is read.
      if (requests.isRemoval(index)) {
        requests.remove(fd, generation);
      } else if (requests.isLook(index)) {
        registry.doubted(fd, generation);
      } else {
        this.polls--;
        registry.lost(fd, generation);
      }
    }
    return untaken;
  }

  /** Passes on what the kernel answered. Returns whether any of it was wanted. */
  private deliver(count: number, sink: Sink): boolean {
    const { registry } = this;
    const { words } = this.answers;
    const end = HEADER_LENGTH + count * ANSWER_LENGTH;
    let isNews = false;
    for (let at = HEADER_LENGTH; at < end; at += ANSWER_LENGTH) {
      const fd = words[at] as number;
      const generation = words[at + 1] as number;
      const result = words[at + 2] as number;
      const what = words[at + 3] as number;
      if ((what & MORE) === 0) this.polls--;
      const isTold =
        result >= 0
          ? registry.answered(fd, generation, result, what, sink)
          : this.cameToNothing(fd, generation, -result, (what & MORE) !== 0, sink);
      if (isTold) isNews = true;
    }
    return isNews;
  }

  /** A poll that was answered with an error. Returns whether somebody was told. */
  private cameToNothing(fd: number, generation: number, errno: number, goesOn: boolean, sink: Sink): boolean {
    const { registry } = this;
    const { generations } = this.context;
    if (generation !== generations.get(fd)) return false;
    if (errno === EAGAIN && goesOn) {
      registry.doubted(fd, generation);
      return false;
    }
    // For a file that nobody can name any more, and the next one of this number is nothing to it.
    if (goesOn) registry.withdraw(fd);
    const current = generations.get(fd);
    const cannotWait = errno === EINVAL || errno === EOPNOTSUPP;
    // An epoll set can always be waited for: if that of the delegate cannot, its number is somebody else's by now.
    if (errno === EBADF || (cannotWait && registry.isDelegate(fd))) return registry.fails(fd, current, EBADF, sink);
    if (cannotWait) registry.refused(fd, current);
    // Not by us, so what it waited for is gone; or nobody can say what is so: whoever asks anew is told.
    else if (errno === ECANCELED || errno === EAGAIN) registry.lost(fd, current);
    else throw refusals.exhausted("a poll with io_uring", errno);
    return false;
  }

  private open(polls: number): Ring {
    const completions = completionsFor(polls);
    const ring = this.port.open(SUBMISSIONS, completions);
    this.isLargest = ring.room < completions;
    this.knowsMany = (ring.features & MULTISHOT) !== 0;
    this.isCrowded = false;
    this.polls = this.likely = 0;
    this.registry.owns(ring.fd);
    return ring;
  }

  /**
   * Another ring. Everything is asked anew there, which looks at it anew, so nothing that the old one had not told yet is lost.
   */
  private replace(polls: number, isGone = false): void {
    const old = this.ring;
    if (isGone) this.abandon(old);
    this.ring = this.open(polls);
    // The number was free, so somebody has closed it.
    if (old.fd >= 0 && old.fd === this.ring.fd) this.abandon(old);
    this.end(old);
    if (this.ring.error < 0) throw refusals.exhausted("io_uring_setup", -this.ring.error);
    this.registry.forget();
    if (this.doorbell.isOn) requireNotified(this.ring.notify(this.doorbell.target));
  }

  /** Somebody has closed the number of a ring, which the next one may get. It may still be reached by its index. */
  private abandon(ring: Ring): void {
    const { requests } = this;
    this.registry.takeBack();
    ring.apply(requests.words, requests.count);
    requests.clear();
    this.registry.disowns(ring.fd);
    ring.abandon();
  }

  /** Closes a ring; what is stopped is let go of at once. */
  private end(ring: Ring): void {
    const { requests } = this;
    this.registry.disowns(ring.fd);
    requests.keepRemovals();
    ring.apply(requests.words, requests.count);
    requests.clear();
    ring.close();
  }

  /** A call failed, or took only some of the requests: whether it is worth another round, and with which ring. */
  private recover(errno: number, round: number): void {
    if (round >= MOST_ROUNDS) throw refusals.exhausted("io_uring_enter", errno);
    // No memory just now; answers that have to be read first; a signal.
    if (errno === EAGAIN || errno === EBUSY || errno === EINTR) return;
    const isGone = isElsewhere(errno);
    // In a child that was forked without a word; answers were lost.
    if (!isGone && errno !== EEXIST && errno !== EBADR) throw refusals.exhausted("io_uring_enter", errno);
    this.replace(this.polls, isGone);
  }

  /** Answers are to make an eventfd readable; −1: none. */
  private notify(fd: number): void {
    if (fd < -1) throw refusals.exhausted("eventfd", -fd);
    const result = this.ring.notify(fd);
    if (isElsewhere(-result)) this.replace(this.polls, true);
    else requireNotified(result);
  }
}

/** Whether an error says that a number is not the ring's any more: closed by somebody else, and perhaps another file's. */
function isElsewhere(errno: number): boolean {
  return errno === EBADF || errno === EOPNOTSUPP;
}

/** In a forked child that was not declared it is found out later. */
function requireNotified(result: number): void {
  if (result < 0 && result !== -EEXIST) throw refusals.exhausted("io_uring_register", -result);
}
