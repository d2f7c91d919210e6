import type { KernelObjects } from "../kernel-objects.js";

/** What happens to one kernel object, step by step. Each step leaves a state that poll(2) has a word for. */
export interface History {
  /** The descriptor to watch. */
  readonly fd: number;
  readonly steps: readonly Step[];
}

/** What happens, as a clause ("it is drained"), and how. It returns once poll(2) can see the outcome. */
export type Step = readonly [what: string, happen: () => void];

/** A kind of object and what can happen to it. */
export interface Kind {
  /** With its article: "the read end of a pipe". */
  readonly name: string;
  /** A new object; undefined where this machine has none. */
  readonly begin: (objects: KernelObjects) => History | undefined;
  /** Why descriptors may be left that are not the backend's. */
  readonly leavesDescriptors?: string;
}

/** Names what `begin` makes. */
export function kind(name: string, begin: Kind["begin"], leavesDescriptors?: string): Kind {
  return { name, begin, ...(leavesDescriptors !== undefined && { leavesDescriptors }) };
}
