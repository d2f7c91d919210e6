import { SKIPPED, WANTED } from "@polyloop/sys/wakeup";
import { errnoCode, LoopError, systemError } from "./errors.js";
import { ASYNC, READ } from "./events.js";
import type { LoopState } from "./state.js";
import type { System, Wakeup } from "./system.js";
import { IoWatcher } from "./watchers/io.js";

/** The callback of the loop's own watcher, whose readiness `LoopState.ready` takes before it can become an event. */
function neverCalled(): void {
  throw new Error("the loop's own wake-up became an event");
}

/** What to do when there is no descriptor for the wake-up. */
function remedyOf(code: string): string | undefined {
  if (code === "EMFILE") return "Raise RLIMIT_NOFILE (ulimit -n)";
  return code === "ENFILE" ? "Raise fs.file-max" : undefined;
}

function openWakeup(system: System): Wakeup {
  try {
    return system.openWakeup();
  } catch (cause) {
    const { code = "ERR_WAKEUP", message } = cause as { readonly code?: string; readonly message: string };
    throw new LoopError(code, `the loop's wake-up cannot be opened: ${message}`, {
      cause,
      remedy: remedyOf(code),
    });
  }
}

/**
 * The receiving side of wake-ups: the loop's own descriptor, which it watches like any other, and the protocol that spares
 * the senders their system call while the loop is not blocked. `AsyncHandle` describes that protocol.
 */
export class Wakeups {
  private readonly state: LoopState;
  private readonly system: System;
  private wakeup: Wakeup | null = null;
  private watcher: IoWatcher | null = null;
  private readable = false;
  private lost = false;

  /** The descriptor, or −1 while there is none. Its readiness is no event of the user's and never pending. */
  fd = -1;

  constructor(state: LoopState, system: System) {
    this.state = state;
    this.system = system;
  }

  /** Opens the descriptor if need be. Only a thread that can be told to end has one before the first async watcher. */
  open(): Wakeup {
    if (this.wakeup === null) {
      this.wakeup = openWakeup(this.system);
      this.state.descriptors.taken(this.wakeup.fd);
      this.watcher = new IoWatcher(this.state, this.wakeup.fd, READ, neverCalled, { ref: false });
      this.fd = this.wakeup.fd;
    }
    return this.wakeup;
  }

  /** Opens the descriptor where the thread could be told to end while it is blocked. */
  openIfTerminable(): void {
    if (this.system.terminable) this.open();
  }

  /** Announces that the loop is about to block. Returns true if it must not, because something was sent meanwhile. */
  expect(): boolean {
    if (this.wakeup === null) return false;
    // Nobody could wake it: it must be opened again first.
    if (this.lost) return true;
    const { control } = this.wakeup;
    Atomics.store(control, WANTED, 1);
    return Atomics.load(control, SKIPPED) !== 0;
  }

  /** The backend found the descriptor ready. */
  noteReadable(): void {
    this.readable = true;
  }

  /** After the wait: feeds the async watchers that were sent. */
  collect(): void {
    if (this.wakeup === null) return;
    const { control } = this.wakeup;
    Atomics.store(control, WANTED, 0);
    if (this.readable) {
      this.readable = false;
      if (this.wakeup.consume() < 0) this.lost = true;
    }
    if (this.lost) this.reopen();
    if (Atomics.load(control, SKIPPED) === 0) return;
    Atomics.store(control, SKIPPED, 0);
    // From the newest to the oldest: the last one queued runs first, so they run in the order started.
    for (let watcher = this.state.asyncs.last; watcher !== null; watcher = watcher.previous) {
      if (watcher.takeSent()) this.state.pending.feed(watcher, ASYNC);
    }
  }

  /** Lets time pass before a poll, so that events batch; a wake-up ends it. */
  sleep(ms: number): void {
    this.open().wait(ms);
  }

  /** The backend found the descriptor closed by a stranger. It is opened anew when the turn can bear an error. */
  noteLost(): void {
    this.lost = true;
    this.fd = -1;
    this.watcher?.stop();
  }

  /** The process forked, or a stranger closed the descriptor. Nothing sent is forgotten. */
  reopen(): void {
    if (this.wakeup === null) return;
    this.noteLost();
    const result = this.wakeup.reopen();
    if (result < 0) throw systemError("eventfd", result, "the loop's wake-up", remedyOf(errnoCode(result)));
    this.state.descriptors.taken(this.wakeup.fd);
    // It may be the same number again.
    this.watcher?.set(this.wakeup.fd, READ);
    this.watcher?.start();
    this.fd = this.wakeup.fd;
    this.lost = false;
    Atomics.store(this.wakeup.control, SKIPPED, 1);
  }

  close(): void {
    this.wakeup?.close();
    this.fd = -1;
  }
}
