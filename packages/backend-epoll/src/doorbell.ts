import type { PollRegistry } from "./poll-registry.js";

/** An eventfd. It is given back when it is closed, collected, or when its thread ends. */
export interface Notifier {
  /** The descriptor, or a negative errno: it could not be opened, or is closed. */
  readonly fd: number;
  /** The same under a number that nobody else knows, for the kernel: what a program does to `fd` by mistake is not felt here. */
  readonly target: number;
  /** Makes it readable. Returns 0 or a negative errno. */
  signal(): number;
  /** Makes it not readable. Returns 0 or a negative errno. */
  clear(): number;
  /** Idempotent. */
  close(): void;
}

/** A kernel object that answers requests. */
export interface Answering {
  /** 1 if answers may be there that were not taken. */
  hasAnswers(): number;
}

/** After so many polls without a `flush` nobody is polling `fd` any more. */
const UNASKED_POLLS = 64;

/**
 * What a backend shows as its `fd` when the kernel object it waits on cannot be polled by others: an eventfd that the kernel
 * makes readable when an answer comes. That costs something for each event, so it is on only while somebody polls, which
 * `flush` tells.
 */
export class Doorbell {
  /** Whether answers are to make it readable. */
  isOn = false;
  private readonly open: () => Notifier;
  private readonly registry: PollRegistry;
  private notifier: Notifier | undefined;
  private unaskedPolls = 0;

  constructor(open: () => Notifier, registry: PollRegistry) {
    this.open = open;
    this.registry = registry;
  }

  /** Opened when it is first asked for; a negative errno if that is not possible. */
  get fd(): number {
    return this.opened.fd;
  }

  /** The number under which the kernel is to make it readable; a negative errno if it could not be opened. */
  get target(): number {
    const { fd, target } = this.opened;
    return fd < 0 ? fd : target;
  }

  /** There is another poll. Returns whether nobody asks any more, so that it was switched off. */
  countPoll(): boolean {
    if (!this.isOn || ++this.unaskedPolls <= UNASKED_POLLS) return false;
    this.isOn = false;
    return true;
  }

  /** There is a flush: somebody is about to look. Returns whether it was switched on by that. */
  expect(): boolean {
    this.unaskedPolls = 0;
    this.opened.clear();
    if (this.isOn) return false;
    this.isOn = true;
    return true;
  }

  /** Leaves it readable if, and only if, the next poll would find something, or may. */
  announce(kernel: Answering): void {
    const { opened, registry } = this;
    // First this: whatever comes after it makes it readable again by itself.
    opened.clear();
    if (kernel.hasAnswers() === 1 || registry.hasChanges || registry.mustLook) opened.signal();
  }

  /** A forked child shares the eventfd with its parent: another one takes its place. */
  recreate(): void {
    const old = this.notifier;
    this.isOn = false;
    this.notifier = undefined;
    if (old === undefined) return;
    this.disown(old);
    // Opened before the old one is closed, so that its number differs and whoever polls it can notice.
    this.notifier = this.openOne();
    old.close();
  }

  close(): void {
    this.notifier?.close();
  }

  private get opened(): Notifier {
    this.notifier ??= this.openOne();
    return this.notifier;
  }

  private openOne(): Notifier {
    const notifier = this.open();
    this.registry.owns(notifier.fd);
    this.registry.owns(notifier.target);
    return notifier;
  }

  private disown({ fd, target }: Notifier): void {
    this.registry.disowns(fd);
    this.registry.disowns(target);
  }
}
