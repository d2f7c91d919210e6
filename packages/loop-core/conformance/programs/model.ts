import { EDGE, type Events, type Interest, INTERESTS } from "../../src/events.js";
import type { IoWatcher } from "../../src/watchers/io.js";
import type { Command } from "./command.js";

/**
 * For how many turns what was ready may still be reported. A completion that the kernel made when the descriptor was ready
 * may be read when it is not any more ("readiness is a hint"); one that is older than this comes from nowhere.
 */
const MEMORY = 4;

/** One open descriptor: a number, from its opening to its closing. */
export class Slot {
  readonly fd: number;
  readonly name: string;
  isOpen = true;
  /** What was seen ready in the last turns, the newest first. */
  private readonly recent: Events[] = [0];
  private last: Events = 0;

  constructor(fd: number, name: string) {
    this.fd = fd;
    this.name = name;
  }

  /** Takes down what poll(2) says now; returns what has become ready since the last time. */
  sample(ready: Events): Events {
    const rising = ready & ~this.last;
    this.last = ready;
    this.note(ready);
    return rising;
  }

  /** Something was ready, if only for a moment. */
  note(ready: Events): void {
    this.recent[0] = (this.recent[0] as number) | ready;
  }

  /** What may be reported. */
  get explained(): Events {
    return this.recent.reduce((union, ready) => union | ready, 0);
  }

  /** What was ready when it was last looked at. */
  get ready(): Events {
    return this.last;
  }

  endTurn(): void {
    this.recent.unshift(this.last);
    if (this.recent.length > MEMORY) this.recent.pop();
  }
}

/** A watcher, what the program did to it, and what it has a right to. */
export class Watched {
  readonly watcher: IoWatcher;
  readonly edge: boolean;
  /** What its number stood for when it was started; undefined if for nothing. */
  slot: Slot | undefined;
  running = true;
  /** The file of its number changed under it, because the program broke the contract: it may be told anything or nothing. */
  lawless = false;
  /** Started, changed or stopped in the running turn. */
  touched = false;
  /** The bits of this turn, and in how many calls they came. */
  got: Events = 0;
  calls = 0;
  mostCalls = 1;
  /** Turns in a row in which something that was ready did not come. */
  missed = 0;
  /** What that was. */
  missing = "";
  /** Edge-triggered: what became ready and was not reported yet. */
  due: Events = 0;
  /** What its next callback does. */
  plan: readonly Command[] = [];

  private readonly title: string;

  constructor(title: string, watcher: IoWatcher, slot: Slot | undefined, edge: boolean) {
    this.title = title;
    this.watcher = watcher;
    this.slot = slot;
    this.edge = edge;
  }

  /** It was started, or changed while it ran. */
  restart(slot: Slot | undefined): void {
    this.slot = slot;
    this.running = true;
    this.lawless = false;
    this.touch();
    this.due = slot === undefined ? 0 : slot.ready & this.interest;
  }

  touch(): void {
    this.touched = true;
    this.missed = 0;
  }

  beginTurn(): void {
    this.touched = false;
    this.got = 0;
    this.calls = 0;
    // What is pending when a run begins is delivered first, and then what its own turn brings.
    this.mostCalls = this.watcher.pending ? 2 : 1;
  }

  /** For messages: which one, and what it was started on. */
  get name(): string {
    return `${this.title} of ${this.slot?.name ?? `closed descriptor ${String(this.watcher.fd)}`}`;
  }

  get interest(): Interest {
    return this.watcher.events & INTERESTS & ~EDGE;
  }

  /** The file that it was started on is open, and still has its number. */
  get isOnOpenFile(): boolean {
    return !this.lawless && this.slot?.isOpen === true;
  }

  /** It runs, and the program did nothing wrong. */
  get isLawful(): boolean {
    return this.running && this.isOnOpenFile;
  }
}
