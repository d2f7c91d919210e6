import type { Backend } from "./backend.js";
import { DescriptorMap, PAGE_BITS, PAGE_MASK, PAGE_SIZE } from "./descriptor-map.js";
import { systemError } from "./errors.js";
import { EDGE, type Events, FAILED, INFORMATION, type Interest, READ, WRITE } from "./events.js";
import type { PendingQueues } from "./pending.js";
import type { IoWatcher } from "./watchers/io.js";

const EBADF = 9;

/** The interest a backend was last given, in the low bits of a descriptor's state. */
const ARMED = 0x3f;
/** The descriptor is on the dirty list. */
const DIRTY = 0x40;
/** The backend has to look again: a watcher was started and the number may be a new file's, or an edge may have been missed. */
const FRESH = 0x80;

/**
 * The truth about descriptors: which watchers want what of each, what the backend was told, and the list of those whose
 * difference is still to be told ("dirty"). Reifying walks that list once a turn.
 */
export class DescriptorTable {
  readonly generations = new DescriptorMap();
  private readonly states = new DescriptorMap();
  /** The newest watcher of each descriptor, linked to the older ones. */
  private readonly heads: (IoWatcher | null)[][] = [];
  private dirty = new Int32Array(64);
  private readonly pending: PendingQueues;

  /** Descriptors whose wanted interest may differ from the backend's. */
  dirtyCount = 0;

  constructor(pending: PendingQueues) {
    this.pending = pending;
  }

  /** A watcher was started. */
  add(watcher: IoWatcher): void {
    const page = this.pageOf(watcher.fd);
    const slot = watcher.fd & PAGE_MASK;
    watcher.nextOnDescriptor = page[slot] as IoWatcher | null;
    page[slot] = watcher;
    this.markDirty(watcher.fd, FRESH);
  }

  /** A watcher was stopped. */
  remove(watcher: IoWatcher): void {
    const page = this.pageOf(watcher.fd);
    const slot = watcher.fd & PAGE_MASK;
    let at = page[slot] as IoWatcher | null;
    if (at === watcher) {
      page[slot] = watcher.nextOnDescriptor;
    } else {
      while (at !== null && at.nextOnDescriptor !== watcher) at = at.nextOnDescriptor;
      if (at !== null) at.nextOnDescriptor = watcher.nextOnDescriptor;
    }
    watcher.nextOnDescriptor = null;
    this.markDirty(watcher.fd, 0);
  }

  /**
   * A watcher's mask changed; the file is still the same. An edge-triggered one may have missed an edge meanwhile, also when
   * the union comes out the same: the backend is asked to look again.
   */
  change(watcher: IoWatcher): void {
    this.markDirty(watcher.fd, watcher.edge ? FRESH : 0);
  }

  /** Tells the backend every difference once. What becomes dirty meanwhile waits for the next turn. */
  reify(backend: Backend): void {
    const count = this.dirtyCount;
    let told = 0;
    try {
      while (told < count) {
        this.tell(backend, this.dirty[told] as number);
        told++;
      }
    } finally {
      // Whatever was not told stays on the list, also when the backend threw.
      this.dirty.copyWithin(0, told, this.dirtyCount);
      this.dirtyCount -= told;
    }
  }

  private tell(backend: Backend, fd: number): void {
    const state = this.states.get(fd);
    const armed = state & ARMED;
    const wanted = this.wanted(fd, backend.supports.edge);
    // The list entry is used up before the backend is told: what changes while it is told makes a new one.
    this.states.set(fd, armed);
    try {
      if (wanted !== armed || (wanted !== 0 && (state & FRESH) !== 0)) backend.modify(fd, armed, wanted);
    } catch (error) {
      this.states.set(fd, state);
      throw error;
    }
    this.states.set(fd, (this.states.get(fd) & ~ARMED) | wanted);
  }

  /** A backend reported readiness: every watcher of the descriptor is fed the bits it asked for. */
  ready(fd: number, events: Events): void {
    for (let watcher = this.first(fd); watcher !== null; watcher = watcher.nextOnDescriptor) {
      const got = events & watcher.events;
      if (got !== 0) this.pending.feed(watcher, got | (events & INFORMATION));
    }
  }

  /** A descriptor cannot be watched: its watchers stop and are told why, once. */
  failed(fd: number, errno: number): void {
    this.forget(fd);
    this.failWatchers(fd, errno);
  }

  /** A descriptor was closed while it was watched, and its number is the loop's own now: as if the backend had said so. */
  taken(fd: number): void {
    this.failWatchers(fd, EBADF);
  }

  private failWatchers(fd: number, errno: number): void {
    const error = systemError("poll", errno, `descriptor ${String(fd)}`);
    let watcher = this.first(fd);
    while (watcher !== null) {
      const next: IoWatcher | null = watcher.nextOnDescriptor;
      watcher.stop();
      watcher.error = error;
      this.pending.feed(watcher, FAILED | READ | WRITE);
      watcher = next;
    }
  }

  /** The kernel forgot one descriptor. */
  rearm(fd: number): void {
    this.forget(fd);
    if (this.first(fd) !== null) this.markDirty(fd, 0);
  }

  private forget(fd: number): void {
    this.states.set(fd, this.states.get(fd) & ~ARMED);
  }

  /** The kernel forgot everything: a new backend, or the old one opened anew. */
  invalidate(): void {
    this.dirtyCount = 0;
    this.states.forEach((fd) => {
      this.states.set(fd, 0);
    });
    for (const watcher of this.watchers()) this.markDirty(watcher.fd, 0);
  }

  /** Every active watcher. */
  *watchers(): Generator<IoWatcher> {
    for (const page of this.heads) {
      for (const head of page) {
        for (let watcher = head; watcher !== null; watcher = watcher.nextOnDescriptor) yield watcher;
      }
    }
  }

  /** Throws unless the table agrees with itself. */
  verify(fail: (what: string) => never, edge: boolean): void {
    const listed = new Set(this.dirty.subarray(0, this.dirtyCount));
    if (listed.size !== this.dirtyCount) fail("a descriptor is twice on the dirty list");
    for (const watcher of this.watchers()) {
      if (!watcher.active) fail(`an inactive watcher is still linked to descriptor ${String(watcher.fd)}`);
    }
    this.states.forEach((fd, state) => {
      if (((state & DIRTY) !== 0) !== listed.has(fd))
        fail(`descriptor ${String(fd)} has lost its place on the dirty list`);
      if ((state & DIRTY) === 0 && (state & ARMED) !== this.wanted(fd, edge)) {
        fail(`the backend was not told what is wanted of descriptor ${String(fd)}`);
      }
    });
  }

  /** The union of what its watchers want; edge-triggered only if all of them asked for it. */
  private wanted(fd: number, edge: boolean): Interest {
    let union = 0;
    let allEdge = edge;
    for (let watcher = this.first(fd); watcher !== null; watcher = watcher.nextOnDescriptor) {
      union |= watcher.events;
      allEdge &&= watcher.edge;
    }
    return union !== 0 && allEdge ? union | EDGE : union;
  }

  private first(fd: number): IoWatcher | null {
    const page = this.heads[fd >>> PAGE_BITS];
    return page === undefined ? null : (page[fd & PAGE_MASK] ?? null);
  }

  private pageOf(fd: number): (IoWatcher | null)[] {
    const index = fd >>> PAGE_BITS;
    while (this.heads.length <= index) this.heads.push(NO_WATCHERS);
    let page = this.heads[index] as (IoWatcher | null)[];
    if (page === NO_WATCHERS) {
      page = new Array<IoWatcher | null>(PAGE_SIZE).fill(null);
      this.heads[index] = page;
    }
    return page;
  }

  private markDirty(fd: number, flags: number): void {
    const state = this.states.get(fd);
    this.states.set(fd, state | DIRTY | flags);
    if ((state & DIRTY) !== 0) return;
    if (this.dirtyCount === this.dirty.length) {
      const grown = new Int32Array(this.dirty.length * 2);
      grown.set(this.dirty);
      this.dirty = grown;
    }
    this.dirty[this.dirtyCount++] = fd;
  }
}

/** Stands for every page without a watcher. */
const NO_WATCHERS: (IoWatcher | null)[] = [];
