import { type Availability, BackendFailure, BackendUnavailable, errnoCode, errnoText } from "@polyloop/loop-core";

/** Why a backend cannot run, for programs and for people. */
export type Unavailable = Extract<Availability, { ok: false }>;

/** What is to be said of a failed system call besides its errno. */
export interface Explanation {
  /** For programs, where the errno's name would say too little. */
  readonly code?: string | undefined;
  /** What the errno means here; the kernel's usual words if there is nothing better. */
  readonly meaning?: string | undefined;
  /** What to do about it, as an instruction. */
  readonly remedy?: string | undefined;
}

/** Carries out a probe, which never throws: an addon that cannot be loaded is an answer, too. */
export function tried(probe: () => Availability): Availability {
  try {
    return probe();
  } catch (error) {
    const { code, message, remedy } = error as { code?: string; message: string; remedy?: string };
    return { ok: false, code: code ?? "ERR_ADDON_LOAD_FAILED", reason: message, remedy };
  }
}

/** What a backend says when the kernel refuses something. */
export class Refusals {
  private readonly backend: string;
  /** The system call that opens what the backend lives on. */
  private readonly opening: string;
  private readonly explain: (syscall: string, errno: number) => Explanation;

  constructor(backend: string, opening: string, explain: (syscall: string, errno: number) => Explanation) {
    this.backend = backend;
    this.opening = opening;
    this.explain = explain;
  }

  /** A system call failed, with a positive errno. */
  refusal(syscall: string, errno: number): Unavailable {
    const name = errnoCode(errno);
    const { code = name, meaning = errnoText(errno), remedy } = this.explain(syscall, errno);
    return { ok: false, code, reason: `${syscall} failed with ${name} (${meaning})`, remedy };
  }

  /** What the backend lives on could not be opened. */
  unavailable(errno: number): BackendUnavailable {
    const { code, reason, remedy } = this.refusal(this.opening, errno);
    return new BackendUnavailable(this.backend, code, reason, { syscall: this.opening, errno: -errno, remedy });
  }

  /** The kernel has run out of something that every descriptor needs, or what the backend lives on is lost. */
  exhausted(syscall: string, errno: number): BackendFailure {
    const { reason, remedy } = this.refusal(syscall, errno);
    return new BackendFailure(reason, { syscall, errno: -errno, remedy });
  }
}
