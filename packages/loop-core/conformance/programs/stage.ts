import type { Events, Interest } from "../../src/events.js";
import type { Loop } from "../../src/loop.js";
import { Slot, Watched } from "./model.js";
import type { Kind, World } from "./world.js";

/** More descriptors and watchers than this at a time add nothing but time. */
const MOST_SLOTS = 24;
const MOST_WATCHERS = 40;

/** What a program has made so far: open descriptors and watchers, and what the model knows of each. */
export class Stage {
  readonly loop: Loop;
  readonly world: World;
  /** The open descriptors, the oldest first. */
  readonly slots: Slot[] = [];
  /** The watchers, the oldest first. */
  readonly watched: Watched[] = [];
  private readonly onEvent: (watched: Watched, events: Events) => void;
  private opened = 0;

  constructor(loop: Loop, world: World, onEvent: (watched: Watched, events: Events) => void) {
    this.loop = loop;
    this.world = world;
    this.onEvent = onEvent;
  }

  open(kind: Kind): readonly Slot[] {
    if (this.slots.length >= MOST_SLOTS) return [];
    const number = this.opened++;
    return this.world.open(kind).map((fd, end) => this.adopt(fd, `${kind} ${String(number)}.${String(end)}`));
  }

  dup(slot: Slot): void {
    if (this.slots.length < MOST_SLOTS) this.adopt(this.world.dup(slot.fd), `dup of ${slot.name}`);
  }

  close(slot: Slot): void {
    slot.isOpen = false;
    this.slots.splice(this.slots.indexOf(slot), 1);
    this.world.close(slot.fd);
  }

  watch(slot: Slot, interest: Interest, edge: boolean): void {
    if (this.watched.length >= MOST_WATCHERS) return;
    const watcher = this.loop.io(
      slot.fd,
      interest,
      (_watcher, events) => {
        this.onEvent(watched, events);
      },
      { edge },
    );
    const watched = new Watched(`watcher ${String(this.watched.length)}`, watcher, slot, edge);
    watched.restart(slot);
    this.watched.push(watched);
  }

  start(watched: Watched): void {
    if (watched.watcher.active) return;
    watched.watcher.start();
    watched.restart(this.slotOf(watched.watcher.fd));
  }

  stop(watched: Watched): void {
    watched.watcher.stop();
    watched.running = false;
    watched.touch();
  }

  /** Stops every watcher of a number. */
  stopAll(fd: number): void {
    for (const watched of this.watched) if (watched.watcher.fd === fd) this.stop(watched);
  }

  modify(watched: Watched, interest: Interest): void {
    if (interest === watched.interest) return;
    watched.watcher.modify(interest);
    watched.touch();
    watched.due = watched.slot === undefined ? 0 : watched.slot.ready & interest;
  }

  set(watched: Watched, slot: Slot, interest: Interest): void {
    watched.watcher.set(slot.fd, interest);
    // One whose failure is not told yet is not active any more, and is not told either.
    watched.running = watched.watcher.active;
    if (watched.running) watched.restart(slot);
  }

  /** The files on which somebody waits, each once. */
  get watchedSlots(): readonly Slot[] {
    return [...new Set(this.watched.filter((one) => one.isLawful).map((one) => one.slot as Slot))];
  }

  private slotOf(fd: number): Slot | undefined {
    return this.slots.find((slot) => slot.fd === fd);
  }

  private adopt(fd: number, what: string): Slot {
    const slot = new Slot(fd, `${what} (descriptor ${String(fd)})`);
    this.slots.push(slot);
    // Watchers of a number that was closed under them are on another file now, without having been started on it.
    for (const watched of this.watched) if (watched.watcher.fd === fd && watched.running) watched.lawless = true;
    return slot;
  }
}
