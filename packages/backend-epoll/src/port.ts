/**
 * Where native code ends. The addon (native/epoll.cc) and the fake kernel (testing/fake-kernel.ts) both implement this, and
 * one suite of tests holds both to it. Everything is a number in an array that TypeScript owns.
 */

/** Operations of epoll_ctl(2). */
export const ADD = 1;
export const DELETE = 2;
export const MODIFY = 3;

/** Edge-triggered: what an epoll mask has beside the bits of poll(2). */
export const ET = 0x80000000 | 0;

/** The layout of a change: operation, descriptor, epoll mask, generation, and the result: 0 or a negative errno. */
export const CHANGE_LENGTH = 5;
/** The layout of an answer, after the header with the times: descriptor, generation, epoll mask. */
export const ANSWER_LENGTH = 3;

/** The descriptor in the answer of what `keepReadable` put into the set. */
export const MARKER = -1;

/** An epoll set. It owns its descriptor and gives it back when it is closed, collected, or when its thread ends. */
export interface EpollSet {
  /** The set's descriptor, or a negative errno: it could not be opened, or is closed. */
  readonly fd: number;
  /** Applies changes in order and stores each one's result. */
  apply(changes: Int32Array, count: number): void;
  /**
   * Applies changes like `apply`, then waits for `seconds` and `nanoseconds` (−1 seconds: for ever), but not at all if a
   * change failed. Returns how many answers it stored, as many as fit at most, or a negative errno; `-ENOSYS` before
   * Linux 5.11, with the changes applied. The time is stored either way.
   */
  wait(changes: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number;
  /** The same with a wait in whole milliseconds, for kernels that know no other. */
  waitMilliseconds(changes: Int32Array, count: number, answers: Int32Array, milliseconds: number): number;
  /** Whether to keep the set readable for whoever polls it. Returns 0 or a negative errno. */
  keepReadable(on: boolean): number;
  /** Forgets the descriptor without closing it: its number is somebody else's by now. */
  abandon(): void;
  /** Idempotent. */
  close(): void;
}

/** The kernel. */
export interface EpollPort {
  /** Opens a set; whether that worked is told by its `fd`. */
  open(): EpollSet;
}
