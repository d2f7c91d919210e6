import type { Notifier } from "@polyloop/backend-epoll/doorbell";

/**
 * Where native code ends. The addon (native/iouring.cc) and the fake kernel (testing/fake-kernel.ts) both implement this,
 * and one suite of tests holds both to it. Everything is a number in an array that TypeScript owns.
 */

/** Operations of a request: a poll that is answered once, one that is answered whenever something comes, and the end of one. */
export const POLL = 1;
export const POLL_MANY = 2;
export const REMOVE = 3;
/**
 * Asks of a POLL_MANY whether it is so now what it polls for. `exchange` tells by an answer with AT_ONCE if it is, or that the
 * number is not open, and by none if it is not. Not for `apply`.
 */
export const LOOK = 4;
/**
 * POLL of what is likely to be ready. `exchange` asks what is so now before anything is queued: if it is, that is the answer,
 * with AT_ONCE, and there is no poll. To `apply` it is a POLL.
 */
export const POLL_LIKELY = 5;

/**
 * The layout of a request: operation, descriptor, poll mask, generation, and the result: 0, or a negative errno if it was not
 * taken. Those that were not are the last ones, because the kernel takes them in order; or the first ones, if they are
 * LOOKs, because `exchange` moves these to the front, and behind them what was likely to be ready, and was.
 */
export const REQUEST_LENGTH = 5;
/**
 * The layout of an answer, after the header with the times: descriptor, generation, poll mask or a negative errno, and what it
 * is: MORE of a poll that goes on, AT_ONCE if it says what is so because that was asked, EARLY of one that is of before that
 * was asked in the same call. A mask of 0 tells only that what it was answered for is not true any more, and EAGAIN that nobody could say.
 */
export const ANSWER_LENGTH = 4;
export { AT_ONCE, EARLY, MORE } from "@polyloop/backend-epoll/poll-registry";

/** What a ring may have: the kernel's IORING_SETUP_ flags, */
export const SUBMIT_ALL = 1 << 7;
export const COOP_TASKRUN = 1 << 8;
export const TASKRUN_FLAG = 1 << 9;
export const SINGLE_ISSUER = 1 << 12;
export const DEFER_TASKRUN = 1 << 13;
export const NO_SQARRAY = 1 << 16;
/** and more: it polls and does nothing else for anybody; */
export const RESTRICTED = 1 << 20;
/** it is called by an index that the thread has registered; */
export const REGISTERED_RING = 1 << 21;
/** removals that succeed have no answer; */
export const SKIP_SUCCESS = 1 << 22;
/** waiting is not accounted as waiting for a disk; */
export const NO_IOWAIT = 1 << 23;
/** it has no descriptor that anybody could close; */
export const NUMBERLESS = 1 << 24;
/** it knows POLL_MANY. */
export const MULTISHOT = 1 << 25;

/** A ring. It is given back when it is closed, collected, or when its thread ends. */
export interface Ring {
  /** 0, or a negative errno: it could not be opened, or is closed. `-EOPNOTSUPP` stands for a kernel before 5.11. */
  readonly error: number;
  /** Its number, which nobody but us has a use for; −1 if it has none. */
  readonly fd: number;
  /** How many answers it has places for; what comes beyond them is kept elsewhere, at a cost. */
  readonly room: number;
  /** What the kernel knows of the above. */
  readonly features: number;
  /** Makes requests in order and marks those that the kernel did not take. */
  apply(requests: Int32Array, count: number): void;
  /**
   * Makes requests like `apply`, then stores the answers that are there, as many as fit; if there are none and every request
   * was taken, waits for one for `seconds` and `nanoseconds` (−1 seconds: for ever). Returns their number or a negative
   * errno, `-EEXIST` in a forked child, `-EBADR` when answers were lost for want of memory. The time is stored either way.
   * Each poll is answered until an answer says that it does not go on; a removed one by `-ECANCELED`.
   */
  exchange(requests: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number;
  /** 1 if answers may be there that were not taken. No system call. */
  hasAnswers(): number;
  /** From now on answers make this eventfd readable; −1: none. Returns 0 or a negative errno. */
  notify(fd: number): number;
  /** Its number is another file's by now: it is left alone. Otherwise like `close`. */
  abandon(): void;
  /**
   * Gives the ring back. Polls that are still in it end with it, but let go of their files some time later: milliseconds.
   * Idempotent.
   */
  close(): void;
}

/** The kernel. */
export interface IoUringPort {
  /**
   * Opens a ring that takes so many requests at a time and has places for so many answers, as far as the kernel goes; whether
   * that worked is told by its `error`.
   */
  open(submissions: number, completions: number): Ring;
  /** Opens an eventfd; whether that worked is told by its `fd`. */
  openNotifier(): Notifier;
}
