/** A watcher that can be a member of one {@link WatcherList}. */
export interface Linked<Self> {
  /** @internal */
  previous: Self | null;
  /** @internal */
  next: Self | null;
}

/** Active watchers of one kind in the order started; starting and stopping is O(1) and keeps the order of the others. */
export class WatcherList<Member extends Linked<Member>> {
  first: Member | null = null;
  last: Member | null = null;
  size = 0;

  append(member: Member): void {
    member.previous = this.last;
    member.next = null;
    if (this.last === null) this.first = member;
    else this.last.next = member;
    this.last = member;
    this.size++;
  }

  remove(member: Member): void {
    if (member.previous === null) this.first = member.next;
    else member.previous.next = member.next;
    if (member.next === null) this.last = member.previous;
    else member.next.previous = member.previous;
    member.previous = null;
    member.next = null;
    this.size--;
  }

  *[Symbol.iterator](): Generator<Member> {
    for (let member = this.first; member !== null; member = member.next) yield member;
  }
}
