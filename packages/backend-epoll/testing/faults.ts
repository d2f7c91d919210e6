import { type BackendFactory, ERROR, type Events, HANGUP, PRIORITY, READ, WRITE } from "@polyloop/loop-core";
import type { Fault, FaultyKernel } from "@polyloop/loop-core/conformance";
import type { FakeDescriptors } from "@polyloop/loop-core/testing";
import * as errno from "../src/errno.js";
import { ERR, HUP, IN, OUT, PRI } from "../src/poll-masks.js";
import type { KernelOfNatures } from "./surroundings.js";

const NUMBERS: Readonly<Record<string, number>> = {
  ...errno,
  EFAULT: 14,
  EMFILE: 24,
  ENFILE: 23,
  ELOOP: 40,
  EBADR: 53,
};

/** A fault that may cost the backend. */
export const backend = (what: string): Fault => ({ what, costs: "backend" });
/** A fault that may cost the descriptor. */
export const descriptor = (what: string): Fault => ({ what, costs: "descriptor" });
/** A fault that must cost nothing. */
export const nothing = (what: string): Fault => ({ what, costs: "nothing" });

/** A call that tells less than there is. */
export const ONE_ANSWER = nothing("only one answer");

/** What a call of a fake kernel comes to: its errno, or 0; `mostAnswers` is as the fault says. */
export function outcome(fake: { mostAnswers: number }, fault: Fault | undefined): number {
  fake.mostAnswers = fault === ONE_ANSWER ? 1 : Number.POSITIVE_INFINITY;
  return fault === undefined || fault === ONE_ANSWER ? 0 : (NUMBERS[fault.what] as number);
}

/** A fake kernel as the conformance kit drives it; what it opens is of each of these natures in turn. */
export function drivenByKit<Nature extends string>(
  { descriptors, natures }: Pick<KernelOfNatures<Nature>, "descriptors" | "natures">,
  { name, create }: Pick<BackendFactory, "name" | "create">,
  turns: readonly (Nature | undefined)[],
): FaultyKernel {
  let opened = 0;
  return {
    factory: { name, probe: () => ({ ok: true, features: [] }), create },
    ...files(descriptors),
    open(pollable) {
      const fd = descriptors.create(pollable);
      const nature = pollable ? turns[opened++ % turns.length] : undefined;
      if (nature !== undefined) natures.set(descriptors.file(fd), nature);
      return fd;
    },
    decide: () => undefined,
  };
}

/** What the kit does with files, on the descriptors of a fake kernel. */
export function files(descriptors: FakeDescriptors): Omit<FaultyKernel, "factory" | "decide"> {
  return {
    open: (pollable) => descriptors.create(pollable),
    dup: (fd) => descriptors.dup(fd),
    close(fd) {
      descriptors.close(fd);
    },
    raise(fd, events) {
      descriptors.file(fd).raise(toBits(events));
    },
    lower(fd, events) {
      descriptors.file(fd).lower(toBits(events));
    },
  };
}

function toBits(events: Events): number {
  const pairs = [
    [READ, IN],
    [WRITE, OUT],
    [PRIORITY, PRI],
    [ERROR, ERR],
    [HANGUP, HUP],
  ] as const;
  return pairs.reduce((bits, [event, bit]) => ((events & event) === 0 ? bits : bits | bit), 0);
}
