import type * as FastCheck from "fast-check";
import { PRIORITY, READ, WRITE } from "../../src/events.js";
import type { Command } from "./command.js";
import type { Kind } from "./world.js";

/** How long programs are, at most; `plan` nests no further. */
const LONGEST = 80;

/** A program, and which calls of the kernel go wrong meanwhile: the n-th, in one of the ways it can. */
export interface FaultyProgram {
  readonly commands: readonly Command[];
  readonly faults: readonly { readonly call: number; readonly way: number }[];
}

/** Faults that a program meets, at most. */
export const MOST_FAULTS = 6;

/** Programs with faults. */
export function faultyPrograms(fc: typeof FastCheck, kinds: readonly Kind[]): FastCheck.Arbitrary<FaultyProgram> {
  const fault = fc.record({ call: fc.nat({ max: 120 }), way: fc.nat({ max: 11 }) });
  return fc.record({
    commands: programs(fc, kinds),
    faults: fc.array(fault, { minLength: 1, maxLength: MOST_FAULTS }),
  });
}

/** Programs over the kinds of files that a world has. */
export function programs(fc: typeof FastCheck, kinds: readonly Kind[]): FastCheck.Arbitrary<readonly Command[]> {
  const index = fc.nat({ max: 30 });
  const kind = fc.constantFrom(...kinds);
  const interest = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(READ, WRITE, READ | WRITE) },
    { weight: 1, arbitrary: fc.constantFrom(0, PRIORITY, READ | PRIORITY, WRITE | PRIORITY, READ | WRITE | PRIORITY) },
  );
  const edge = fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
  const direction = fc.constantFrom("read" as const, "write" as const, "both" as const);
  const of = (
    weight: number,
    verb: Command["do"],
    fields: Readonly<Record<string, FastCheck.Arbitrary<unknown>>> = {},
  ): FastCheck.WeightedArbitrary<Command> => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(verb), ...fields }) as unknown as FastCheck.Arbitrary<Command>,
  });
  // In callbacks and out of them.
  const anywhere = [
    of(5, "open", { kind }),
    of(3, "close", { slot: index }),
    of(1, "abandon", { slot: index }),
    of(3, "replace", { slot: index, kind, interest }),
    of(2, "dup", { slot: index }),
    of(8, "watch", { slot: index, interest, edge }),
    of(2, "start", { watcher: index }),
    of(4, "stop", { watcher: index }),
    of(3, "modify", { watcher: index, interest }),
    of(1, "set", { watcher: index, slot: index, interest }),
    of(8, "write", { slot: index }),
    of(1, "urge", { slot: index }),
    of(1, "fill", { slot: index }),
    of(2, "read", { slot: index }),
    of(4, "drain", { slot: index }),
    of(1, "shutdown", { slot: index, direction }),
  ];
  const planned = fc.array(fc.oneof(...anywhere, of(1, "turn"), of(1, "recreate")), { minLength: 1, maxLength: 4 });
  const command = fc.oneof(
    ...anywhere,
    of(3, "plan", { watcher: index, commands: planned }),
    of(10, "turn"),
    of(2, "wait"),
    of(1, "recreate"),
  );
  return fc.array(command, { minLength: 1, maxLength: LONGEST, size: "max" });
}
