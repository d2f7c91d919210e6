import { types } from "node:util";
import { CLOSED, SKIPPED, STATE, sendWakeup, WANTED } from "@polyloop/sys/wakeup";
import { show } from "./arguments.js";
import { LoopError } from "./errors.js";

/** What crosses to another thread: shared memory, and nothing that must be given back. Structured-cloneable. */
export interface AsyncHandleData {
  /** The state that all threads share about the loop's wake-up descriptor. */
  readonly control: Int32Array;
  /** Whether this wake-up was sent and not yet noticed. */
  readonly sent: Int32Array;
}

/** A new flag that threads can share. */
export function newSentFlag(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/**
 * The sending side of `loop.async()`, for any thread.
 *
 * How nothing is lost and nearly nothing is spent: a sender sets its flag, then SKIPPED, then looks at WANTED; the loop, before
 * it blocks, sets WANTED, then looks at SKIPPED. Atomics are sequentially consistent, so at least one of the two sees the
 * other, and only a sender that finds the loop blocked makes a system call.
 */
export class AsyncHandle {
  /** What to give to other threads. */
  readonly data: AsyncHandleData;

  /** @internal */
  constructor(control: Int32Array, sent: Int32Array) {
    this.data = { control, sent };
  }

  /**
   * The sender for a handle that came from `watcher.handle`. `ERR_INVALID_ARG_TYPE` for anything else.
   */
  static from(handle: AsyncHandleData): AsyncHandle {
    const given: unknown = handle;
    if (
      typeof given !== "object" ||
      given === null ||
      !("control" in given && isSharedWords(given.control, SKIPPED + 1)) ||
      !("sent" in given && isSharedWords(given.sent, 1))
    ) {
      throw new LoopError(
        "ERR_INVALID_ARG_TYPE",
        `AsyncHandle.from: not the handle of an async watcher: ${show(given)}`,
        {
          remedy: "Pass watcher.handle, as it came through postMessage or workerData",
        },
      );
    }
    return new AsyncHandle(handle.control, handle.sent);
  }

  /**
   * Wakes the loop: the watcher's callback will run, once for all sends that it has not yet noticed. Never blocks. Returns
   * false, and does nothing, if the loop was found closed.
   *
   * No step depends on an earlier send having finished: a worker may be terminated between any two of them.
   */
  send(): boolean {
    const { control, sent } = this.data;
    if ((Atomics.load(control, STATE) & CLOSED) !== 0) return false;
    Atomics.store(sent, 0, 1);
    Atomics.store(control, SKIPPED, 1);
    return Atomics.load(control, WANTED) === 0 || sendWakeup(control);
  }

  /** Makes the loop look for sent flags in its next turn. Only from the loop's own thread. @internal */
  announce(): void {
    Atomics.store(this.data.control, SKIPPED, 1);
  }
}

function isSharedWords(value: unknown, length: number): boolean {
  return types.isInt32Array(value) && types.isSharedArrayBuffer(value.buffer) && value.length >= length;
}
