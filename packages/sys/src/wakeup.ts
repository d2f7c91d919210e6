import { type NativeWakeup, native } from "./native.js";
import { checkOptions } from "./options.js";

/** Bit of {@link Wakeup.consume}: a sender signalled. */
export const SIGNALLED = 1;
/** Bit of {@link Wakeup.consume}: Node's own loop of this thread has something to do, its termination perhaps. */
export const THREAD = 2;

/** Slot of a control: the descriptor that senders write to, −1 once closed. */
export const DESCRIPTOR = 0;
/** Slot of a control: {@link CLOSED}, a bit for an exchange in progress, and the number of senders inside. */
export const STATE = 1;
/** Slot of a control that sys leaves alone: reserved for the protocol of loop-core. */
export const WANTED = 2;
/** Slot of a control that sys leaves alone: reserved for the protocol of loop-core. */
export const SKIPPED = 3;
/** The number of slots. */
export const CONTROL_LENGTH = 4;
/** Bit of the slot {@link STATE}: sends are refused from now on. */
export const CLOSED = 0x40000000;

/** How a {@link Wakeup} is made. */
export interface WakeupOptions {
  /**
   * Whether {@link Wakeup.fd} becomes readable, too, when Node's own loop of this thread has something to do. A thread
   * that blocks in a system call of its own needs that: `worker.terminate()` and `process.exit()` only set a flag and wake
   * that loop, and would wait for the thread for ever. `false` by default.
   */
  readonly watchThread?: boolean;
}

/**
 * Wakes the thread that blocks on `fd`, from any thread. Belongs to the thread that made it; others hold its
 * {@link Wakeup.control}, which can be posted to them, and call {@link sendWakeup}.
 *
 * Its descriptors are closed by {@link Wakeup.close}, or when the object is garbage-collected, or when the thread ends,
 * whichever comes first.
 */
export class Wakeup {
  /** Shared words, for {@link sendWakeup}; to be posted to other threads, not to be written to in the slots of sys. */
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly #native: NativeWakeup;

  /**
   * @throws an error with the name of an errno as `code` (`EMFILE`, `ENFILE`) when the descriptors cannot be had, or with
   * `ERR_FEATURE_UNAVAILABLE_ON_PLATFORM` when a thread shall be watched and the runtime is not built on libuv.
   */
  constructor(options: WakeupOptions = {}) {
    checkOptions("Wakeup", options);
    const { watchThread = false } = options;
    this.control = new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * Int32Array.BYTES_PER_ELEMENT));
    this.#native = new (native().NativeWakeup)(this.control, watchThread);
  }

  /** Readable while there is something to {@link Wakeup.consume}; another one after {@link Wakeup.reopen}, −1 once closed. */
  get fd(): number {
    return this.#native.fd;
  }

  /** {@link sendWakeup} for the owner itself. */
  send(): boolean {
    return sendWakeup(this.control);
  }

  /**
   * Fetches and clears what happened; any number of sends since the last call are one.
   *
   * {@link THREAD} is reported once per change, not for as long as Node's loop is kept waiting; then `fd` becomes readable
   * a few times a second until Node's loop has run, because not every later termination makes a change of its own.
   *
   * @returns {@link SIGNALLED} and {@link THREAD} or-ed, 0 for nothing (also once closed), or a negative errno when somebody
   * else has closed the descriptor: `-EBADF`, `-EINVAL`. {@link Wakeup.reopen} mends that.
   */
  consume(): number {
    return this.#native.consume();
  }

  /**
   * Sleeps until there is something to {@link Wakeup.consume}, which it leaves to do, or until the time is over. Signal
   * handlers do not end it.
   *
   * @param ms milliseconds, fractions honoured, never early; 0 does not wait, negative waits for ever.
   * @returns whether there is something to consume.
   * @throws `ERR_INVALID_STATE` once closed.
   */
  wait(ms: number): boolean {
    return this.#native.wait(ms);
  }

  /**
   * New descriptors in place of the old ones, after a fork or after somebody else closed them. Sends that meet the
   * exchange are not lost: the new `fd` starts out readable. The old ones are closed if they are still the files that
   * were opened here. (A Wakeup that was opened under the very number since cannot be told apart, other files can.)
   *
   * @returns 0, or a negative errno with the old ones still in place: `-EMFILE`, `-ENFILE`.
   * @throws `ERR_INVALID_STATE` once closed.
   */
  reopen(): number {
    return this.#native.reopen();
  }

  /**
   * Ends and resumes the watch over Node's own loop, of a Wakeup made with `watchThread`. It must end before `fd`, or an
   * epoll set that contains it, is itself watched by that loop: the kernel refuses such a circle with ELOOP.
   *
   * @returns 0, or a negative errno.
   * @throws `ERR_INVALID_STATE` once closed, or when it was made without `watchThread`.
   */
  watchThread(on: boolean): number {
    return this.#native.watchThread(on);
  }

  /**
   * Refuses further sends, waits for those in progress (each is one write that does not block), and closes. Idempotent.
   */
  close(): void {
    this.#native.close();
  }

  /** {@link Wakeup.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Wakes the owner of `control`. Callable from any thread, and while the owner closes: it never writes to a descriptor that
 * is not the Wakeup's.
 *
 * @param control the {@link Wakeup.control} of a Wakeup, as it is or as it arrived by `postMessage`.
 * @returns whether the owner will find its `fd` readable; `false` once it is closed, or gone with its thread.
 * @throws `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for anything but such an array.
 */
export function sendWakeup(control: Int32Array): boolean {
  return native().sendWakeup(control);
}
