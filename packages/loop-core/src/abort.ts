/** Something that ends when a signal aborts. */
export interface Abortable {
  /** Called once; it has been released by then. @internal */
  onAbort(): void;
}

/** Everything that waits for one signal, behind a single listener of it. */
class SignalGroup {
  private readonly members = new Set<Abortable>();
  private readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  add(member: Abortable): void {
    if (this.members.size === 0) this.signal.addEventListener("abort", this.onAbort, { once: true });
    this.members.add(member);
  }

  delete(member: Abortable): void {
    if (this.members.delete(member) && this.members.size === 0) this.signal.removeEventListener("abort", this.onAbort);
  }

  private readonly onAbort = (): void => {
    const members = [...this.members];
    this.members.clear();
    for (const member of members) member.onAbort();
  };
}

const groups = new WeakMap<AbortSignal, SignalGroup>();

/**
 * Ties something to a signal until it is released. A program may give one signal to thousands of watchers: Node warns of a
 * leak at the eleventh listener, so they share one, and the signal holds nothing that has ended.
 */
export function tie(member: Abortable, signal: AbortSignal): void {
  let group = groups.get(signal);
  if (group === undefined) {
    group = new SignalGroup(signal);
    groups.set(signal, group);
  }
  group.add(member);
}

/** Ends the tie. */
export function release(member: Abortable, signal: AbortSignal): void {
  groups.get(signal)?.delete(member);
}
