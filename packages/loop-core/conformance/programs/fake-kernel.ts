import type { BackendFactory } from "../../src/backend.js";
import type { Events } from "../../src/events.js";

/** One way in which a call of the kernel can go wrong. */
export interface Fault {
  /** The errno's name, or what is unusual, such as `"only one completion"`. */
  readonly what: string;
  /**
   * The worst that a backend may make of it: `"nothing"`, it goes on as if nothing had been; `"descriptor"`, the one that the
   * call was about is reported as failed; `"backend"`, it gives up, and core replaces it.
   */
  readonly costs: "nothing" | "descriptor" | "backend";
}

/** Says whether a call goes wrong this time, and how. */
export type Decide = (call: string, faults: readonly Fault[]) => Fault | undefined;

/**
 * What the kit needs of a backend's fake kernel: files that become ready when they are told to, and a question before every
 * call that could go wrong. The state machine under test runs over it, the same code as in the product.
 */
export interface FaultyKernel {
  /** Makes backends over this kernel. */
  readonly factory: BackendFactory;
  /** Opens a file under the lowest free number. One that is not pollable has no way to wait, like a regular file. */
  open(pollable: boolean): number;
  /** Another number for the same file. */
  dup(fd: number): number;
  /** Closes a number; the file goes with its last one. */
  close(fd: number): void;
  /**
   * These are true of the file from now on, and whoever waits is woken: READ, WRITE, PRIORITY, ERROR and HANGUP as poll(2)
   * means them.
   */
  raise(fd: number, events: Events): void;
  /** These are no longer true of it. */
  lower(fd: number, events: Events): void;
  /** Asked before every call that could go wrong, with the ways in which it could. Set by the kit. */
  decide: Decide;
}
