import assert from "node:assert/strict";
import { describeEvents, ERROR, type Events, FAILED, HANGUP } from "../../src/events.js";
import type { Slot, Watched } from "./model.js";
import type { Stage } from "./stage.js";

/** A loop that polls more often than this within a millisecond of rest is busy. */
const MOST_POLLS = 10;
/**
 * Milliseconds that the kernel is given, and the backend is not polled in, to pass on what poll(2) says already: Linux AIO is
 * told of a hang-up by a thread of the kernel. After each there is one turn.
 */
const PAUSES = [20, 2000];
/** Milliseconds for which a wait is allowed to miss what is ready. Nothing is early or late by it: it only ends the wait. */
const GUARD = 1000;

/** How a program is judged. */
export interface Judgement {
  /** Whether `edge: true` has a meaning on this backend. */
  readonly edge: boolean;
  /**
   * The kernel may say no at any moment, so that events may be late until `settle()` says that it is over. Tells whether a
   * descriptor may have failed by now for no fault of its own.
   */
  readonly mayFail?: (() => boolean) | undefined;
  /** How often the backend was polled; undefined where time is not real, so that nothing can be waited for. */
  readonly polls?: (() => number) | undefined;
}

/**
 * Turns the loop and compares what the watchers are told with what poll(2) says of the same descriptors: nothing ready is
 * lost, nothing stale or foreign is told, nothing spins.
 */
export class Oracle {
  private readonly stage: Stage;
  private readonly judgement: Judgement;
  private faulty: boolean;
  /** Turns that are running: a callback may turn the loop, too. */
  private depth = 0;
  /** How many turns there were, so that one can tell whether another ran inside it. */
  private turns = 0;
  /** The kernel is being given time for what is late. */
  private isPatient = false;

  constructor(stage: Stage, judgement: Judgement) {
    this.stage = stage;
    this.judgement = judgement;
    this.faulty = judgement.mayFail !== undefined;
  }

  /** The faults are over: within two turns everything wanted and ready is delivered. */
  settle(): void {
    this.faulty = false;
    for (const watched of this.stage.watched) watched.missed = 0;
    this.turn();
    // What was missed in both is lost.
    this.turn();
  }

  /** A watcher is told something: is it true? */
  judge(watched: Watched, events: Events): void {
    const { name, slot } = watched;
    assert.ok(watched.running, `${name} was called after it had been stopped`);
    watched.calls++;
    assert.ok(watched.calls <= watched.mostCalls, `${name} was called ${String(watched.calls)} times in one turn`);
    watched.got |= events;
    watched.due &= ~events;
    if ((events & FAILED) !== 0) {
      watched.running = false;
      const code = watched.watcher.error?.code ?? "no error";
      const mayFail = !watched.isOnOpenFile || this.judgement.mayFail?.() === true;
      assert.ok(mayFail, `${name} was told that it failed (${code}), but its file is open`);
    } else if (slot !== undefined && watched.isOnOpenFile) {
      const unasked = events & ~(watched.interest | ERROR | HANGUP);
      assert.equal(unasked, 0, `${name} was told ${describeEvents(unasked)}, which it had not asked for`);
      slot.sample(this.stage.world.readiness([slot.fd])[0] as number);
      const untrue = events & ~slot.explained;
      assert.equal(untrue, 0, `${name} was told ${describeEvents(untrue)}, which its file never was: stale or foreign`);
    }
  }

  /** Takes down what is ready, at every watched descriptor. Called after everything that could change it. */
  sample(): void {
    const slots = this.stage.watchedSlots;
    if (slots.length === 0) return;
    const ready = this.stage.world.readiness(slots.map(({ fd }) => fd));
    const rising = new Map(slots.map((slot, index) => [slot, slot.sample(ready[index] as number)]));
    for (const watched of this.stage.watched) {
      if (!watched.isLawful) continue;
      const slot = watched.slot as Slot;
      watched.due = (watched.due | (rising.get(slot) as number)) & slot.ready & watched.interest;
    }
  }

  /** One turn. */
  turn(mode: "nowait" | "once" = "nowait"): void {
    const { loop, slots, watched } = this.stage;
    this.sample();
    const owed = watched.map((one) => this.owed(one));
    const doomed = watched.filter((one) => this.isDoomed(one));
    for (const one of watched) one.beginTurn();
    const number = ++this.turns;
    this.depth++;
    loop.run(mode);
    this.depth--;
    this.sample();
    // In a nested turn nothing runs that ran in the turn around it, and that one owes what the nested one delivered.
    if (this.depth === 0 && this.turns === number) {
      for (const [index, events] of owed.entries()) {
        const one = watched[index] as Watched;
        if (doomed.includes(one)) continue;
        const missing = events & ~one.got;
        this.count(one, missing !== 0, describeEvents(missing));
      }
      for (const one of doomed) this.count(one, this.isDoomed(one), "FAILED");
    }
    if (this.depth > 0) for (const one of watched) one.beginTurn();
    for (const slot of slots) slot.endTurn();
    loop.verify();
    if (this.depth === 0 && !this.isPatient && this.late.length > 0) this.awaitTheLate();
  }

  private get late(): readonly Watched[] {
    return this.stage.watched.filter(({ missed }) => missed >= 2);
  }

  /** What does not come although the kernel had time is lost. Polling more often is no help: the backend was polled twice. */
  private awaitTheLate(): void {
    this.isPatient = true;
    for (const pause of this.judgement.polls === undefined ? [] : PAUSES) {
      if (this.late.length === 0) break;
      pass(pause);
      this.turn();
    }
    this.isPatient = false;
    const [lost] = this.late;
    assert.ok(lost === undefined, `${lost?.name ?? ""} was not told ${lost?.missing ?? ""} in two turns: lost`);
  }

  /** One turn that waits, if something is owed; otherwise a rest. */
  wait(): void {
    const { loop, watched } = this.stage;
    this.sample();
    if (!watched.some((one) => this.owed(one) !== 0)) {
      this.rest();
      return;
    }
    if (this.judgement.polls === undefined) {
      // What is pending runs before the wait, and may take away what the wait would have found.
      this.turn(watched.some(({ watcher }) => watcher.pending) ? "nowait" : "once");
      return;
    }
    const guard = loop.timer(GUARD, () => undefined);
    const isTold = (): boolean => watched.some(({ calls }) => calls > 0);
    for (let turn = 0; turn < 3 && guard.active; turn++) {
      this.turn("once");
      if (isTold()) break;
    }
    const hasExpired = !guard.active;
    guard.stop();
    if (!hasExpired || isTold()) return;
    const names = watched.filter((one) => this.owed(one) !== 0).map(({ name }) => name);
    assert.equal(names.length, 0, `the loop waited though something was ready: ${names.join(", ")}`);
  }

  /** With nothing ready the loop is idle for a millisecond, and polls once or twice for it. */
  private rest(): void {
    const { loop, watched } = this.stage;
    const { polls } = this.judgement;
    if (polls === undefined || watched.some((one) => one.running && !one.isLawful)) {
      this.turn();
      return;
    }
    const before = polls();
    let busy = false;
    const timer = loop.timer(1, () => undefined);
    while (timer.active) {
      this.turn("once");
      // Something came meanwhile, which a terminal does in its own time: then there is no rest.
      busy ||= watched.some(({ calls }) => calls > 0);
    }
    const count = polls() - before;
    if (!busy)
      assert.ok(count <= MOST_POLLS, `polled ${String(count)} times in a millisecond with nothing ready: spins`);
  }

  /** What a watcher must be told now. */
  private owed(watched: Watched): Events {
    if (!watched.isLawful) return 0;
    const { ready } = watched.slot as Slot;
    if (this.isEdgeTriggered(watched)) return watched.due;
    const wanted = ready & watched.interest;
    // Information comes beside what is wanted, never alone.
    return wanted === 0 ? 0 : wanted | (ready & (ERROR | HANGUP));
  }

  /** Started on a number that stands for nothing: the backend has to say so. */
  private isDoomed({ running, slot, lawless, interest, watcher: { fd } }: Watched): boolean {
    return running && slot === undefined && !lawless && interest !== 0 && this.stage.world.isClosed(fd);
  }

  private isEdgeTriggered({ watcher: { fd } }: Watched): boolean {
    return this.judgement.edge && this.stage.watched.every((one) => one.watcher.fd !== fd || !one.running || one.edge);
  }

  /** A change may take one turn to take effect; what has not come in the second is late, and after a while lost. */
  private count(watched: Watched, isMissing: boolean, what: string): void {
    if (this.faulty || watched.touched || !isMissing) {
      watched.missed = 0;
      return;
    }
    watched.missed++;
    watched.missing = what;
  }
}

/** Blocks this thread, and with it the loop. */
function pass(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
