import {
  type BackendContext,
  DescriptorMap,
  EDGE,
  ERROR,
  HANGUP,
  type Interest,
  READ,
  type Sink,
} from "@polyloop/loop-core";
import { DescriptorList } from "./descriptor-list.js";
import type { Delegate } from "./delegate.js";
import { EBADF } from "./errno.js";
import { fromPoll, PRI } from "./poll-masks.js";

/** Where requests to the kernel are queued. */
export interface Requests {
  /** Whether what is likely to be ready is looked at before a request is queued. */
  readonly looksFirst: boolean;
  /** Asks about a descriptor, ONCE, ON or LIKELY; `isNew` if it may stand for another file than the last time. */
  arm(fd: number, interest: Interest, generation: number, isNew: boolean, how: number): void;
  /**
   * Whether requests that go on are worth it now that so many descriptors are to be asked about again: they spare each its
   * request, for questions that cost one system call, however many they are.
   */
  goOn(count: number): boolean;
  /** Asks whether it is so now: of a request that goes on and has told something, and tells only of what comes. */
  look(fd: number, interest: Interest, generation: number): void;
  /** Takes back what was asked. Its answer may be under way. */
  cancel(fd: number, generation: number): void;
}

/** How to ask: for one answer, */
export const ONCE = 0;
/** for whatever comes, */
export const ON = 1;
/** or first with a look, because it was ready whenever it was asked about of late. */
export const LIKELY = 2;

/** What an answer may be, in bits: the request goes on; */
export const MORE = 1;
/** it says what is so, because that was asked, and not what came; */
export const AT_ONCE = 2;
/** it is of before that was asked. */
export const EARLY = 4;

/** A descriptor's state is one number: what core wants, what the kernel was asked for, and the flags below. */
const WANTED = 0x3f;
const ARMED_SHIFT = 6;
const ARMED = WANTED << ARMED_SHIFT;
/** It is on the list of descriptors to look at. */
const CHANGED = 0x1000;
/** Its number may stand for another file than the one that the kernel was asked about. */
const SUSPECT = 0x2000;
/** The delegate has it. */
const DELEGATED = 0x4000;
/** The delegate was asked whether it is always ready. */
const ASKED = 0x8000;
/** How often in a row it was ready when it was asked about, up to when the delegate is asked. */
const ANSWER = 0x10000;
const ANSWERS = 0x70000;
/** So often in a row that it is likely to be ready the next time, too. */
const OFTEN = 4 * ANSWER;
/** The batch with which it was last asked about asked what is so now. */
const LOOKED = 0x80000;
/** The batch with which it was last asked about, in the last of its bits: another one may be taken for it. */
const BATCH_SHIFT = 20;
const BATCH = 0xff;
/** Batches are counted from 1 again after this one. */
const LAST_BATCH = 2 ** 30;
/** Alternates with each kernel object that requests are made to, to tell those of the one before. */
const EPOCH = 0x10000000;
/** It was asked about as something new and not answered since: if that request is lost, the next one is about something new. */
const UNPROVEN = 0x20000000;

/** A question to the delegate is two system calls. There is no hurry: so many in one turn are not felt. */
const MOST_QUESTIONS = 8;

/**
 * What is wanted of each descriptor and what a kernel interface that answers polls was asked about it: what the state machines
 * of Linux AIO and io_uring have in common. A request that is answered once is made again with the next batch, if the
 * descriptor is still wanted, which is what makes it level-triggered. One that goes on after its answer stays as it is, and
 * the next batch asks what is so now; of what is always so it is taken back, and only that is asked. Answers of an older
 * generation are dropped. Descriptors that the interface refuses, and those that would end every wait, go to the delegate
 * until their next change.
 */
export class PollRegistry implements Sink {
  readonly delegate: Delegate;
  /** The delegate's set was reported readable. */
  delegateIsReady = false;
  private readonly context: BackendContext;
  private readonly requests: Requests;
  private readonly states = new DescriptorMap();
  /** The batch that asked last what is so now, exactly: what is old news for having been asked must be nothing else. */
  private readonly looks = new DescriptorMap();
  /** Descriptors of which something may have to be asked or taken back, each once. */
  private readonly changed = new DescriptorList();
  /** Those that were answered, which are asked about again by the next poll: no later round of this one tells them twice. */
  private readonly answeredOnes = new DescriptorList();
  /** Counts the batches, to tell whether something was ready when it was asked about. */
  private batch = 0;
  /** How often the delegate may still be asked in this batch. */
  private questions = 0;
  /** Whether requests for what was answered go on. */
  private goesOn = false;
  private epoch = 0;
  /** The delegate's set, as it is watched. */
  private delegateFd = -1;
  private delegateRenewals = 0;
  /** Other descriptors that the backend itself has open. */
  private readonly ownFds: number[] = [];
  /** Numbers that are wanted although they are the backend's own by now: closed while they were watched. */
  private mistaken: number[] = [];
  private sink: Sink | null = null;
  private reported = false;

  constructor(context: BackendContext, requests: Requests, delegate: Delegate) {
    this.context = context;
    this.requests = requests;
    this.delegate = delegate;
  }

  modify(fd: number, to: Interest): void {
    if (this.isOwn(fd)) {
      if (to !== 0) this.mistaken.push(fd);
      return;
    }
    // Whatever changes, the number may stand for another file by now, too, and what was learned of one says nothing of another.
    this.states.set(fd, (this.states.get(fd) & ~(WANTED | ASKED | ANSWERS)) | SUSPECT | to);
    this.markChanged(fd);
  }

  /** Whether there is something to ask or to take back. */
  get hasChanges(): boolean {
    return this.changed.count > 0 || this.answeredOnes.count > 0;
  }

  /** How many requests the next `reify` makes at most, whether they ask or take back. */
  get mostRequests(): number {
    return this.changed.count + this.answeredOnes.count + 1;
  }

  /**
   * Compares what is wanted with what was asked, and queues requests. The delegate comes first. A poll that needs a further round
   * leaves to the next one what it has told already. `mayLook`: it is asked at once, and nobody else waits for the answers.
   */
  reify(isFirstRound: boolean, mayLook = true): void {
    if (this.isDelegateAnother()) this.watchDelegate();
    this.countBatch();
    this.questions = MOST_QUESTIONS;
    if (isFirstRound) this.goesOn = mayLook && this.requests.goOn(this.answeredOnes.count);
    this.reifyAll(this.changed, false);
    if (isFirstRound) this.reifyAll(this.answeredOnes, true);
  }

  /**
   * Reports what needs no answer of the interface: numbers that are the backend's own, and, if one of them changed or is always
   * ready, the descriptors that the delegate has. Returns whether there was anything, or the delegate has another set.
   */
  look(sink: Sink): boolean {
    this.reported = false;
    this.sink = sink;
    while (this.mistaken.length > 0) this.failed(this.mistaken.pop() as number, EBADF);
    if (this.delegateIsReady || this.delegate.mustLook) {
      this.delegateIsReady = false;
      this.delegate.look(this);
      // At once: the old number may be another file's as soon as somebody else runs. And nobody waits for the new set yet.
      if (this.isDelegateAnother()) {
        this.watchDelegate();
        this.reported = true;
      }
    }
    this.sink = null;
    return this.reported;
  }

  /** Whether `look` is due. */
  get mustLook(): boolean {
    return this.delegateIsReady || this.mistaken.length > 0 || this.delegate.mustLook;
  }

  /** An answer of the kernel; `what` has MORE, AT_ONCE and EARLY. Returns whether there is something to tell. */
  answered(fd: number, generation: number, mask: number, what: number, sink: Sink): boolean {
    if (generation !== this.context.generations.get(fd)) return false;
    const answeredState = this.states.get(fd);
    const goesOn = (what & MORE) !== 0;
    if (mask === 0 || ((what & EARLY) !== 0 && (mask & PRI) === 0 && this.looks.get(fd) === this.batch)) {
      // It was over by the time it was looked at; or what is so was asked about afterwards, and is an answer of its own. But
      // with some files to see PRI is to take it.
      if (!goesOn) this.lost(fd, generation);
      return false;
    }
    const isOfThisBatch = ((answeredState >> BATCH_SHIFT) & BATCH) === (this.batch & BATCH);
    const state = goesOn ? answeredState & ~UNPROVEN : answeredState & ~(ARMED | UNPROVEN);
    if (fd === this.delegateFd) {
      this.delegateIsReady = true;
      this.askAgain(fd, state);
      return true;
    }
    const wanted = state & WANTED;
    const got = fromPoll(mask) & (wanted | ERROR | HANGUP);
    if ((got & wanted) === 0) {
      // It would be answered again at once, for ever; epoll can wait for what is wanted alone.
      this.handOver(fd, state);
      return false;
    }
    if (!goesOn && (wanted & EDGE) !== 0 && isOfThisBatch) {
      // A request for edges that is over as soon as it is made would be over in every turn; epoll tells of it once.
      this.handOver(fd, state);
      return false;
    }
    sink.ready(fd, got);
    if (goesOn && (wanted & EDGE) !== 0) return true;
    const wasReady = isOfThisBatch && ((state & LOOKED) === 0 || (what & AT_ONCE) !== 0);
    if (!wasReady) {
      this.askAgain(fd, state & ~ANSWERS);
    } else if ((state & ANSWERS) !== ANSWERS) {
      this.askAgain(fd, state + ANSWER);
    } else if ((state & ASKED) !== 0 || this.questions === 0) {
      this.askAgain(fd, state);
    } else {
      this.questions--;
      // So often ready: perhaps it always is, as regular files are, and need not be asked about in every turn.
      if (this.delegate.refuses(fd)) this.handOver(fd, state);
      else this.askAgain(fd, state | ASKED);
    }
    return true;
  }

  /** The kernel did not take a request, or lost it: it is made again with the next batch. */
  lost(fd: number, generation: number): void {
    if (generation !== this.context.generations.get(fd)) return;
    this.states.set(fd, this.states.get(fd) & ~ARMED);
    this.markChanged(fd);
  }

  /** Nobody can say whether what it has told is still so: its request is made anew. */
  doubted(fd: number, generation: number): void {
    if (generation !== this.context.generations.get(fd)) return;
    this.states.set(fd, this.states.get(fd) | SUSPECT);
    this.markChanged(fd);
  }

  /** The interface cannot wait for this descriptor: the delegate does, until its next change. */
  refused(fd: number, generation: number): void {
    if (generation === this.context.generations.get(fd)) this.handOver(fd, this.states.get(fd) & ~ARMED);
  }

  /** It cannot be watched at all. Without a sink the next poll finds out again, and can say so. */
  fails(fd: number, generation: number, errno: number, sink: Sink | null): boolean {
    if (generation !== this.context.generations.get(fd)) return false;
    if (sink === null || fd === this.delegateFd) {
      // Somebody has closed the delegate's set: it finds out when it is looked at.
      if (fd === this.delegateFd) this.delegateIsReady = true;
      this.lost(fd, generation);
      return false;
    }
    this.states.set(fd, 0);
    sink.failed(fd, errno);
    return true;
  }

  /** Whether a number is the delegate's set. */
  isDelegate(fd: number): boolean {
    return fd === this.delegateFd;
  }

  /** From now on requests are made to another kernel object; those that there are stay where they are. */
  moveOn(): void {
    this.epoch ^= EPOCH;
  }

  /**
   * Requests made before the last `moveOn` are to be made again, so many of them. Returns whether there is none left that
   * anybody wants an answer to.
   */
  forgetEarlier(most: number): boolean {
    let left = most;
    this.states.forEach((fd, state) => {
      if ((state & ARMED) === 0 || (state & EPOCH) === this.epoch) return;
      if (--left >= 0) this.abandon(fd, state);
    });
    return left >= 0;
  }

  /** Every request is gone with the kernel object that held it: all of them are to be made again. */
  forget(): void {
    this.states.forEach((fd, state) => {
      if ((state & ARMED) !== 0) this.abandon(fd, state);
    });
  }

  /** Everything that was asked is to be taken back: nothing else is done afterwards. */
  takeBack(): void {
    this.states.forEach((fd, state) => {
      if ((state & ARMED) !== 0) this.requests.cancel(fd, this.context.generations.get(fd));
    });
  }

  /** Everything that was asked is to be taken back and asked again. */
  askAnew(): void {
    this.states.forEach((fd, state) => {
      if ((state & ARMED) === 0) return;
      this.states.set(fd, state | SUSPECT);
      this.markChanged(fd);
    });
  }

  /** The kernel's side is gone, and core will say anew what is wanted. */
  recreate(): void {
    this.states.forEach((fd, state) => {
      if ((state & ARMED) !== 0) this.context.generations.increment(fd);
      this.states.set(fd, 0);
    });
    this.changed.count = 0;
    this.answeredOnes.count = 0;
    this.mistaken = [];
    this.delegateFd = -1;
    this.delegateIsReady = false;
    this.delegate.recreate();
  }

  /** From now on a number is the backend's own; whoever has closed and still watches it is told so. Negative: no number. */
  owns(fd: number): void {
    if (fd < 0) return;
    this.ownFds.push(fd);
    this.takeOver(fd);
  }

  /** A number is not the backend's own any more. */
  disowns(fd: number): void {
    const index = this.ownFds.indexOf(fd);
    if (index >= 0) this.ownFds.splice(index, 1);
  }

  /** The delegate reports. */
  ready(fd: number, events: number): void {
    this.reported = true;
    this.sink?.ready(fd, events);
  }

  failed(fd: number, errno: number): void {
    this.reported = true;
    if ((this.states.get(fd) & DELEGATED) !== 0) {
      this.states.set(fd, 0);
      this.delegate.forget(fd);
    }
    this.sink?.failed(fd, errno);
  }

  rearm(): void {
    // epoll forgets nothing.
  }

  private countBatch(): void {
    if (++this.batch <= LAST_BATCH) return;
    this.batch = 1;
    this.looks.forEach((fd) => {
      this.looks.set(fd, 0);
    });
  }

  private isOwn(fd: number): boolean {
    return fd >= 0 && (fd === this.delegateFd || this.ownFds.includes(fd));
  }

  private markChanged(fd: number): void {
    const state = this.states.get(fd);
    if ((state & CHANGED) !== 0) return;
    this.states.set(fd, state | CHANGED);
    this.changed.push(fd);
  }

  /** The next batch asks about it again. */
  private askAgain(fd: number, state: number): void {
    this.states.set(fd, state | CHANGED);
    if ((state & CHANGED) === 0) this.answeredOnes.push(fd);
  }

  private reifyAll(list: DescriptorList, hasToldOfThem: boolean): void {
    for (let index = 0; index < list.count; index++) this.reifyOne(list.get(index), hasToldOfThem);
    list.count = 0;
  }

  private reifyOne(fd: number, hasTold: boolean): void {
    const state = this.states.get(fd);
    // Seen to already: a number that became the delegate's set may be on both lists.
    if ((state & CHANGED) === 0) return;
    const wanted = state & WANTED;
    const armed = (state & ARMED) >> ARMED_SHIFT;
    if ((state & DELEGATED) !== 0) this.delegate.release(fd);
    const isLikely = this.requests.looksFirst && (state & ANSWERS) >= OFTEN;
    if (armed !== 0) {
      if (armed === wanted && (state & SUSPECT) === 0 && (!hasTold || (this.goesOn && !isLikely))) {
        if (hasTold) this.lookAt(fd, state);
        else this.states.set(fd, state & ~CHANGED);
        return;
      }
      this.withdraw(fd);
    }
    const isNew = (state & (SUSPECT | UNPROVEN)) !== 0;
    const kept = (state & (WANTED | ASKED | ANSWERS)) | (isNew ? UNPROVEN : 0) | (isLikely ? LOOKED : 0);
    this.states.set(fd, kept | (wanted << ARMED_SHIFT) | ((this.batch & BATCH) << BATCH_SHIFT) | this.epoch);
    if (wanted === 0) return;
    // What is new may soon be over. One request for each answer is then the least.
    const again = hasTold && !isNew && this.goesOn ? ON : ONCE;
    this.requests.arm(fd, wanted, this.context.generations.get(fd), isNew, isLikely ? LIKELY : again);
  }

  private lookAt(fd: number, state: number): void {
    this.looks.set(fd, this.batch);
    this.states.set(fd, (state & ~(CHANGED | (BATCH << BATCH_SHIFT))) | LOOKED | ((this.batch & BATCH) << BATCH_SHIFT));
    this.requests.look(fd, state & WANTED, this.context.generations.get(fd));
  }

  private handOver(fd: number, state: number): void {
    // Somebody watches the delegate; if that is refused the interface is lost, and the backend finds out.
    this.delegate.take(fd, state & WANTED);
    if ((state & ARMED) !== 0) this.withdraw(fd);
    else this.context.generations.increment(fd);
    this.states.set(fd, (state & (WANTED | ASKED | CHANGED)) | DELEGATED);
  }

  /** Takes back what was asked; an answer that is under way belongs to nobody. */
  withdraw(fd: number): void {
    this.requests.cancel(fd, this.context.generations.get(fd));
    this.context.generations.increment(fd);
  }

  /** Nobody waits for the answer to its request any more. */
  private abandon(fd: number, state: number): void {
    this.context.generations.increment(fd);
    this.states.set(fd, state & ~ARMED);
    this.markChanged(fd);
  }

  private isDelegateAnother(): boolean {
    return this.delegateFd !== this.delegate.fd || this.delegateRenewals !== this.delegate.renewals;
  }

  private watchDelegate(): void {
    const { fd, renewals } = this.delegate;
    const old = this.delegateFd;
    this.delegateFd = fd;
    this.delegateRenewals = renewals;
    if (old >= 0) this.drop(old);
    this.takeOver(fd);
    if (fd < 0) return;
    this.states.set(fd, READ | CHANGED);
    // Before everything else.
    this.changed.unshift(fd);
  }

  /** A number is the backend's own from now on: what was asked about it was another file. */
  private takeOver(fd: number): void {
    if (fd < 0) return;
    const state = this.states.get(fd);
    if ((state & WANTED) !== 0) this.mistaken.push(fd);
    this.drop(fd);
  }

  private drop(fd: number): void {
    const state = this.states.get(fd);
    if ((state & ARMED) !== 0) this.withdraw(fd);
    if ((state & DELEGATED) !== 0) this.delegate.release(fd);
    this.states.set(fd, state & CHANGED);
  }
}
