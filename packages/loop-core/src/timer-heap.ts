/** What the heap needs of its members: room for its own notes. */
export interface HeapMember {
  /** Place in the heap, or −1. @internal */
  heapIndex: number;
  /** Number of the start, in 32 bits, compared by difference: equal times run in the order started. @internal */
  startOrder: number;
}

const ARITY_BITS = 2;

/**
 * A 4-ary heap of times. Four children share a cache line of keys, so it is shallower and faster than a binary heap;
 * members know their index, so that removal needs no search. The keys lie in a typed array of their own: comparing two
 * touches neither member.
 */
export class TimerHeap<Member extends HeapMember> {
  private keys = new Float64Array(16);
  private readonly members: (Member | undefined)[] = [];
  private lastOrder = 0;

  /** Members in the heap. */
  size = 0;

  /** The earliest time; Infinity if the heap is empty. */
  get earliest(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : (this.keys[0] as number);
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
    this.lastOrder = (this.lastOrder + 1) | 0;
    member.startOrder = this.lastOrder;
    if (this.size === this.keys.length) this.grow();
    this.siftUp(this.size++, member, time);
  }

  /** Takes a member out. O(log n), without a search. */
  remove(member: Member): void {
    const index = member.heapIndex;
    member.heapIndex = -1;
    this.size--;
    const last = this.members[this.size] as Member;
    const time = this.keys[this.size] as number;
    this.members[this.size] = undefined;
    if (last !== member) this.place(index, last, time);
  }

  /** Gives a member another time and keeps its place in the order of starting. O(log n). */
  reschedule(member: Member, time: number): void {
    this.place(member.heapIndex, member, time);
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
      if (index > 0 && this.before(member, this.keys[index] as number, (index - 1) >> ARITY_BITS)) {
        fail("the timer heap is out of order");
      }
    }
  }

  private place(index: number, member: Member, time: number): void {
    if (index > 0 && this.before(member, time, (index - 1) >> ARITY_BITS)) this.siftUp(index, member, time);
    else this.siftDown(index, member, time);
  }

  /** Whether a member with this time comes before the one at `index`. */
  private before(member: Member, time: number, index: number): boolean {
    const other = this.keys[index] as number;
    if (time !== other) return time < other;
    return ((member.startOrder - (this.members[index] as Member).startOrder) | 0) < 0;
  }

  private siftUp(start: number, member: Member, time: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> ARITY_BITS;
      if (!this.before(member, time, parent)) break;
      this.put(index, this.members[parent] as Member, this.keys[parent] as number);
      index = parent;
    }
    this.put(index, member, time);
  }

  private siftDown(start: number, member: Member, time: number): void {
    let index = start;
    for (;;) {
      const first = (index << ARITY_BITS) + 1;
      if (first >= this.size) break;
      let least = first;
      const end = Math.min(first + 4, this.size);
      for (let child = first + 1; child < end; child++) {
        if (this.before(this.members[child] as Member, this.keys[child] as number, least)) least = child;
      }
      if (this.before(member, time, least)) break;
      this.put(index, this.members[least] as Member, this.keys[least] as number);
      index = least;
    }
    this.put(index, member, time);
  }

  private put(index: number, member: Member, time: number): void {
    this.keys[index] = time;
    this.members[index] = member;
    member.heapIndex = index;
  }

  private grow(): void {
    const keys = new Float64Array(this.keys.length * 2);
    keys.set(this.keys);
    this.keys = keys;
  }
}
