import { getSystemErrorMap } from "node:util";

/** What a {@link LoopError} may carry beside its message. */
export interface LoopErrorDetails {
  /** The system call that failed. */
  readonly syscall?: string | undefined;
  /** The kernel's error as Node gives it: a negative number. */
  readonly errno?: number | undefined;
  /** What the reader can do about it, as an instruction. It is also part of the message. */
  readonly remedy?: string | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/**
 * Every error this package throws or hands to a watcher. `code` is stable and meant for programs: the kernel's name
 * (`"EBADF"`) where a system call failed, `"ERR_…"` otherwise; the document errors.md of the repository lists them all.
 */
export class LoopError extends Error {
  override readonly name: string = "LoopError";
  readonly code: string;
  declare readonly syscall: string | undefined;
  declare readonly errno: number | undefined;
  declare readonly remedy: string | undefined;

  constructor(code: string, message: string, details: LoopErrorDetails = {}) {
    const { syscall, errno, remedy, cause } = details;
    super(remedy === undefined ? message : `${message}. ${remedy}`, cause === undefined ? undefined : { cause });
    this.code = code;
    // Only what there is, so that a printed error shows nothing else.
    if (syscall !== undefined) this.syscall = syscall;
    if (errno !== undefined) this.errno = errno;
    if (remedy !== undefined) this.remedy = remedy;
  }
}

/**
 * Thrown by a backend that cannot go on. Core replaces the backend by the next candidate and nothing is lost; when there
 * is none, or the loop is strict, it leaves `run()`.
 */
export class BackendFailure extends LoopError {
  override readonly name = "BackendFailure";

  constructor(message: string, details: LoopErrorDetails = {}) {
    super("ERR_BACKEND_FAILURE", message, details);
  }
}

/** Thrown where a backend was asked for that cannot run here; `reason` says why, `remedy` what would change that. */
export class BackendUnavailable extends LoopError {
  override readonly name = "BackendUnavailable";
  /** The backend's name. */
  readonly backend: string;
  /** Why it cannot run, as a sentence. */
  readonly reason: string;

  constructor(backend: string, code: string, reason: string, details: LoopErrorDetails = {}) {
    super(code, `the ${backend} backend is not available: ${reason}`, details);
    this.backend = backend;
    this.reason = reason;
  }
}

/** The kernel's name of an errno, given with either sign: `errnoCode(9)` is `"EBADF"`. */
export function errnoCode(errno: number): string {
  return getSystemErrorMap().get(-Math.abs(errno))?.[0] ?? `E${String(Math.abs(errno))}`;
}

/** The kernel's description of an errno, given with either sign. */
export function errnoText(errno: number): string {
  return getSystemErrorMap().get(-Math.abs(errno))?.[1] ?? `unknown error ${String(Math.abs(errno))}`;
}

/** A failed system call as an error: `what` names the object it was about, such as `"descriptor 7"`. */
export function systemError(syscall: string, errno: number, what: string, remedy?: string): LoopError {
  const code = errnoCode(errno);
  return new LoopError(code, `${syscall} on ${what} failed with ${code} (${errnoText(errno)})`, {
    syscall,
    errno: -Math.abs(errno),
    remedy,
  });
}
