import assert from "node:assert/strict";
import { clock } from "@polyloop/sys";
import type { BackendFactory } from "../src/backend.js";
import { describeEvents, type Events, type Interest } from "../src/events.js";
import { Loop } from "../src/loop.js";
import type { IoOptions, IoWatcher } from "../src/watchers/io.js";
import { BareBackend } from "./bare-backend.js";
import { KernelObjects } from "./kernel-objects.js";
import { type ObservedBackend, observe } from "./observed-backend.js";
import { openDescriptors } from "./open-descriptors.js";
import type { ConformanceOptions } from "./options.js";
import { Skip } from "./skip.js";

/** Milliseconds after which a wait for something that must happen is a failure, unless the options say otherwise. */
const PATIENCE = 10_000;
/** A test that takes as long as so many of these waits turns its loop in vain. */
const MOST_WAITS = 10;

/** A watcher that writes down what it was told. */
export interface Journal {
  readonly watcher: IoWatcher;
  /** The bits of each call, in order. */
  readonly calls: Events[];
  /** Every bit since `calls` was last emptied. */
  readonly seen: Events;
  /** The calls so far, as text, and forgets them. */
  take(): string[];
}

/** What a test works with: kernel objects, a loop on the backend under test, and waits with a limit. */
export class Scene {
  readonly factory: BackendFactory;
  readonly options: ConformanceOptions;
  readonly objects = new KernelObjects();
  /** Milliseconds after which a wait for something that must happen is a failure. */
  readonly patience: number;
  private readonly observed: ReturnType<typeof observe>;
  private readonly backends = new Map<Loop, ObservedBackend>();
  private readonly opened: (() => void)[] = [];
  private readonly before = openDescriptors();
  private current: Loop | undefined;
  private leavesDescriptors: string | undefined;

  constructor(factory: BackendFactory, options: ConformanceOptions) {
    this.factory = factory;
    this.options = options;
    this.patience = options.patience ?? PATIENCE;
    this.observed = observe(factory, this.patience * MOST_WAITS);
  }

  /** The loop, made when it is first asked for. A backend that fails is not replaced: it is what is looked at. */
  get loop(): Loop {
    this.current ??= this.newLoop();
    return this.current;
  }

  /** The backend of that loop. */
  get backend(): ObservedBackend {
    return this.backendOf(this.loop);
  }

  /** One more loop. */
  newLoop(): Loop {
    const loop = new Loop({ backend: this.observed, strict: true });
    this.backends.set(loop, this.observed.made.at(-1) as ObservedBackend);
    this.onEnd(() => {
      loop.close();
    });
    return loop;
  }

  /** The backend of a loop. */
  backendOf(loop: Loop): ObservedBackend {
    return this.backends.get(loop) as ObservedBackend;
  }

  /** A backend without a loop around it. */
  bare(options?: { stamped: boolean }): BareBackend {
    const bare = new BareBackend(this.factory, options);
    this.onEnd(() => {
      bare.close();
    });
    return bare;
  }

  /** Polls a backend without a loop until it has told so many different things, and returns them, sorted. */
  reports(bare: BareBackend, count = 1): string[] {
    const told = new Set<string>();
    const late = this.lateness();
    while (told.size < count) {
      // Some must be waited for, and a poll may say nothing now and then.
      for (const report of bare.poll(20)) told.add(report);
      if (told.size < count && late()) {
        const text = [...told].join(", ");
        assert.fail(`waited ${String(this.patience)} ms in vain for ${String(count)} reports; there were: ${text}`);
      }
    }
    return [...told].sort();
  }

  /** Calls `undo` when the test is over; the last one first. */
  onEnd(undo: () => void): void {
    this.opened.push(undo);
  }

  /** Leaves the test: it cannot be made here. */
  skip(reason: string): never {
    throw new Skip(reason);
  }

  /** Says why descriptors that are open at the end are not this backend's. */
  ignoreDescriptors(reason: string): void {
    this.leavesDescriptors = reason;
  }

  /** Watches a descriptor and writes down the calls; `then` runs in each of them. */
  watch(
    fd: number,
    events: Interest,
    then: (journal: Journal, events: Events) => void = () => undefined,
    options: IoOptions = {},
  ): Journal {
    const calls: Events[] = [];
    const watcher = this.loop.io(
      fd,
      events,
      (_watcher, got) => {
        calls.push(got);
        then(journal, got);
      },
      options,
    );
    const journal: Journal = {
      watcher,
      calls,
      get seen() {
        return calls.reduce((union, got) => union | got, 0);
      },
      take: () => calls.splice(0).map(describeEvents),
    };
    return journal;
  }

  /** So many turns that do not wait. */
  turns(count = 1): void {
    for (let turn = 0; turn < count; turn++) this.loop.run("nowait");
  }

  /** Turns the loop, waiting, until the condition holds; `what` says what did not happen if it never does. */
  until(condition: () => boolean, what: string): void {
    const late = this.lateness();
    // It bounds every wait, so that a backend that misses an event fails the test instead of stopping it.
    const guard = this.loop.timer(20, () => undefined, { repeat: 20, ref: false });
    this.loop.ref();
    try {
      while (!condition()) {
        if (late()) this.giveUp(what);
        this.loop.run("once");
      }
    } finally {
      this.loop.unref();
      guard.stop();
    }
  }

  /**
   * Turns the loop until the condition holds, and nothing but the event waited for ends a wait: a wake-up that the backend
   * misses is not made good by the next timer.
   */
  untilWoken(condition: () => boolean, what: string): void {
    const guard = this.loop.timer(this.patience, () => undefined, { ref: false });
    this.loop.ref();
    try {
      while (!condition()) {
        this.loop.run("once");
        if (!guard.active) this.giveUp(what);
      }
    } finally {
      this.loop.unref();
      guard.stop();
    }
  }

  /** Waits, without turning the loop, until the condition holds. */
  untilOutside(condition: () => boolean, what: string): void {
    const late = this.lateness();
    while (!condition()) {
      if (late()) this.giveUp(what);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }

  /**
   * Lets the loop rest for so many milliseconds and returns how often its backend was polled meanwhile. With nothing to do
   * that is once or twice.
   */
  rest(ms: number): number {
    const { loop } = this;
    const backend = this.backendOf(loop);
    const before = backend.polls;
    const timer = loop.timer(ms, () => undefined);
    while (timer.active) loop.run("once");
    return backend.polls - before;
  }

  /** Tears everything down and looks whether anything is left open. */
  end(failed: boolean): void {
    const errors: unknown[] = [];
    // Each of them, whatever the others say: a backend that throws in close() must not keep files and processes alive.
    for (const undo of [...this.opened.reverse(), () => this.objects.end()]) {
      try {
        undo();
      } catch (error) {
        errors.push(error);
      }
    }
    // What went wrong first is what is told.
    if (failed) return;
    if (errors.length > 0) throw errors[0];
    if (this.leavesDescriptors !== undefined) return;
    const left = [...openDescriptors()].filter(([fd, what]) => this.before.get(fd) !== what);
    assert.deepEqual(left, [], "descriptors were open after the test that were not before");
  }

  private giveUp(what: string): never {
    assert.fail(`waited ${String(this.patience)} ms in vain: ${what}`);
  }

  private lateness(): () => boolean {
    const now = new Float64Array(2);
    clock(now);
    const limit = (now[0] as number) + this.patience;
    return () => {
      clock(now);
      return (now[0] as number) > limit;
    };
  }
}
