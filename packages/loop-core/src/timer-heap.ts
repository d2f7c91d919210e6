import { MONOTONIC } from "./clock.js";

/** What the heap needs of its members: room for its own notes. */
export interface HeapMember {
  /** Place in the heap, or −1. @internal */
  heapIndex: number;
  /** Number of the start, in 32 bits, compared by difference: equal times run in the order started. @internal */
  startOrder: number;
  /** Milliseconds from one expiry to the next; 0 for once. @internal */
  period: number;
}

/** The smallest step that changes a double near `now`, with room to spare: a period below it could stand still. */
const LEAST_STEP = 2 ** -50;

const ARITY_BITS = 2;

/**
 * A 4-ary heap of times. Four children share a cache line of keys, so it is shallower and faster than a binary heap;
 * members know their index, so that removal needs no search. The keys lie in a typed array of their own: comparing two
 * touches neither member. In a turn no time is passed or returned: a fraction that leaves a function is an allocation
 * wherever the compiler chose not to inline it.
 */
export class TimerHeap<Member extends HeapMember> {
  private keys = new Float64Array(16);
  private readonly members: (Member | undefined)[] = [];
  private lastOrder = 0;

  /** Members in the heap. */
  size = 0;

  /** Whether the earliest member's time has come. */
  hasExpired(current: Float64Array): boolean {
    return this.size > 0 && (this.keys[0] as number) <= (current[MONOTONIC] as number);
  }

  /** Stores how long it is until the earliest time: Infinity if there is none, negative if it is past. */
  storeLeft(current: Float64Array, into: Float64Array): void {
    into[0] = this.size === 0 ? Number.POSITIVE_INFINITY : (this.keys[0] as number) - (current[MONOTONIC] as number);
  }

  /** The member with the earliest time. */
  peek(): Member | undefined {
    return this.members[0];
  }

  /** The time of a member. */
  timeOf(member: Member): number {
    return this.keys[member.heapIndex] as number;
  }

  /** Adds a member, which counts as started now. O(log n). */
  insert(member: Member, time: number): void {
    if (this.size === this.keys.length) this.grow();
    const index = this.size++;
    this.lastOrder = (this.lastOrder + 1) | 0;
    member.startOrder = this.lastOrder;
    this.members[index] = member;
    this.keys[index] = time;
    this.siftUp(index);
  }

  /** Takes a member out. O(log n), without a search. */
  remove(member: Member): void {
    const index = member.heapIndex;
    const end = --this.size;
    member.heapIndex = -1;
    if (index !== end) {
      this.members[index] = this.members[end];
      this.keys[index] = this.keys[end] as number;
    }
    this.members[end] = undefined;
    if (index !== end) this.settle(index);
  }

  /**
   * Gives the earliest member its next time: a period after this one, or after the time of the turn if that is past already.
   * O(log n).
   */
  repeatEarliest(current: Float64Array): void {
    const { period } = this.members[0] as Member;
    const now = current[MONOTONIC] as number;
    const next = (this.keys[0] as number) + period;
    this.keys[0] = next > now ? next : now + Math.max(period, now * LEAST_STEP);
    this.siftDown(0);
  }

  /** Moves every time by the same amount, which leaves their order alone. */
  shift(by: number): void {
    for (let index = 0; index < this.size; index++) this.keys[index] = (this.keys[index] as number) + by;
  }

  /** The members, in no particular order. */
  *[Symbol.iterator](): Generator<Member> {
    for (let index = 0; index < this.size; index++) yield this.members[index] as Member;
  }

  /** Throws unless the heap is one. */
  verify(fail: (what: string) => never): void {
    for (let index = 0; index < this.size; index++) {
      const member = this.members[index] as Member;
      if (member.heapIndex !== index) fail("a timer does not know its place in the heap");
      const parent = (index - 1) >> ARITY_BITS;
      if (index > 0 && this.comesBefore(index, parent)) fail("the timer heap is out of order");
    }
  }

  /** Moves what lies at `index` to where its key belongs. */
  private settle(index: number): void {
    if (index > 0 && this.comesBefore(index, (index - 1) >> ARITY_BITS)) this.siftUp(index);
    else this.siftDown(index);
  }

  private comesBefore(index: number, other: number): boolean {
    const time = this.keys[index] as number;
    const otherTime = this.keys[other] as number;
    return time < otherTime || (time === otherTime && this.startedBefore(index, other));
  }

  private startedBefore(index: number, other: number): boolean {
    return (((this.members[index] as Member).startOrder - (this.members[other] as Member).startOrder) | 0) < 0;
  }

  private siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> ARITY_BITS;
      if (!this.comesBefore(index, parent)) break;
      this.swap(index, parent);
      index = parent;
    }
    (this.members[index] as Member).heapIndex = index;
  }

  private siftDown(start: number): void {
    let index = start;
    for (;;) {
      const first = (index << ARITY_BITS) + 1;
      if (first >= this.size) break;
      let least = first;
      const end = Math.min(first + 4, this.size);
      for (let child = first + 1; child < end; child++) {
        if (this.comesBefore(child, least)) least = child;
      }
      if (!this.comesBefore(least, index)) break;
      this.swap(index, least);
      index = least;
    }
    (this.members[index] as Member).heapIndex = index;
  }

  /** Exchanges two places; the member that ends up at `index` learns it now, the other when it has arrived. */
  private swap(index: number, other: number): void {
    const { keys, members } = this;
    const time = keys[index] as number;
    keys[index] = keys[other] as number;
    keys[other] = time;
    const member = members[index];
    const displaced = members[other] as Member;
    members[index] = displaced;
    members[other] = member;
    displaced.heapIndex = index;
  }

  private grow(): void {
    const keys = new Float64Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
  }
}
