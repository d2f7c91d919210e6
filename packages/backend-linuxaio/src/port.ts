import type { Notifier } from "@polyloop/backend-epoll/doorbell";

/**
 * Where native code ends. The addon (native/linuxaio.cc) and the fake kernel (testing/fake-kernel.ts) both implement this,
 * and one suite of tests holds both to it. Everything is a number in an array that TypeScript owns; the memory of requests,
 * by whose address the kernel knows them, is native and named by slot numbers.
 */

/** Operations of a request. */
export const SUBMIT = 1;
export const CANCEL = 2;
/** SUBMIT for a file that may be another than before: refuses with `-EINVAL` also what the kernel would never answer. */
export const SUBMIT_NEW = 3;

/** The layout of a request: operation, slot, descriptor, poll mask, generation, and the result: 0 or a negative errno. */
export const REQUEST_LENGTH = 6;
/**
 * The layout of an answer, after the header with the times: slot, generation, poll mask (or a negative errno). A mask of 0 tells
 * only that the request is over: it was cancelled, or what it was answered for is not true any more.
 */
export const ANSWER_LENGTH = 3;

/** A context of Linux AIO. It is given back when it is closed, collected, or when its thread ends. */
export interface AioContext {
  /** 0, or a negative errno: it could not be opened, or is closed. */
  readonly error: number;
  /** How many requests the kernel promises to have room for: as many as were asked for, or more. */
  readonly room: number;
  /** 1 if completions are read in user space, 0 if every look at them is a system call. */
  readonly readsRing: number;
  /**
   * Makes requests, first the cancellations, then the others, each in order, and stores each one's result. SUBMIT: `-EAGAIN` when the context is full, and then for all that
   * follow, too. CANCEL: whatever the result, the answer to the request still comes, with the generation it was made with.
   */
  apply(requests: Int32Array, count: number): void;
  /**
   * Makes requests like `apply`, then stores the answers that are there, as many as fit; if there are none and every request
   * was taken, waits for one for `seconds` and `nanoseconds` (−1 seconds: for ever). Returns their number or a negative
   * errno, `-EINVAL` in a forked child, which has no context. The time is stored either way.
   */
  exchange(requests: Int32Array, count: number, answers: Int32Array, seconds: number, nanoseconds: number): number;
  /** 1 if answers are there that were not taken, or if that cannot be known. No system call. */
  hasAnswers(): number;
  /** Answers to requests made from now on make this eventfd readable; −1: none. */
  notify(fd: number): void;
  /** Gives the context back: `now`, which takes tens of milliseconds, or without waiting until it has happened. Idempotent. */
  close(now: boolean): void;
}

/** The kernel. */
export interface AioPort {
  /** Its release, as uname(2) gives it. */
  readonly release: string;
  /** Opens a context for so many requests at least; whether that worked is told by its `error`. */
  open(requests: number): AioContext;
  /** Opens an eventfd; whether that worked is told by its `fd`. */
  openNotifier(): Notifier;
}
