import { BackendFailure, type BackendContext, DescriptorMap, type Interest, type Sink } from "@polyloop/loop-core";
import { EpollBackend } from "./backend.js";
import { nativePort } from "./native.js";
import type { EpollPort } from "./port.js";

/**
 * The descriptors that another backend's kernel interface refuses though poll(2) handles them, in an epoll set of their own.
 * That backend watches `fd` through its own interface and looks here when it is readable. The set is opened when the first
 * descriptor comes.
 */
export class Delegate {
  private readonly port: EpollPort;
  // Its own: two that count on one map would take each other's steps for changes.
  private readonly context: BackendContext = { generations: new DescriptorMap() };
  private readonly interests = new DescriptorMap();
  private inner: EpollBackend | undefined;

  constructor(port: EpollPort = nativePort) {
    this.port = port;
  }

  /** The set's descriptor, −1 while there is none. Another number after `look` replaced a set that was haunted or lost. */
  get fd(): number {
    return this.inner?.fd ?? -1;
  }

  /** How often the set was replaced: a lost one may have given its number to the next. */
  get renewals(): number {
    return this.inner?.renewals ?? 0;
  }

  /** Whether `look` is due though nobody saw `fd` readable: for changes, and as long as a descriptor is always ready. */
  get mustLook(): boolean {
    return this.inner?.mustPoll ?? false;
  }

  /** Watches a descriptor. Throws a BackendFailure when there can be no set. */
  take(fd: number, interest: Interest): void {
    const inner = this.open();
    inner.modify(fd, 0, interest);
    this.interests.set(fd, interest);
  }

  /** Gives a descriptor back. */
  release(fd: number): void {
    this.inner?.modify(fd, this.interests.get(fd), 0);
    this.forget(fd);
  }

  /** A descriptor was reported as failed: it is not here any more. */
  forget(fd: number): void {
    this.interests.set(fd, 0);
  }

  /**
   * Whether epoll refuses a descriptor, which must not be here, because it is ready whenever asked. A delegate tells of all such
   * ones with one look at its set a turn, however many they are.
   */
  refuses(fd: number): boolean {
    try {
      return this.open().refuses(fd);
    } catch {
      // No set can be had just now. The question is one of speed only.
      return false;
    }
  }

  /** Hands over changes and reports what is ready, without waiting. */
  look(sink: Sink): void {
    this.inner?.poll(0, sink);
  }

  /** Hands over changes; whatever a `look` would report shows in `fd` after it. */
  flush(): void {
    this.inner?.flush();
  }

  /** The kernel's side is gone, and so is everything wanted. */
  recreate(): void {
    this.close();
    this.inner = undefined;
  }

  close(): void {
    this.inner?.close();
  }

  private open(): EpollBackend {
    if (this.inner !== undefined) return this.inner;
    try {
      this.inner = new EpollBackend(this.context, this.port);
    } catch (cause) {
      const { remedy } = cause as { readonly remedy?: string };
      throw new BackendFailure("no epoll set could be opened for refused descriptors", { cause, remedy });
    }
    return this.inner;
  }
}
