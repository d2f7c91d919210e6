import assert from "node:assert/strict";
import { ManualSystem } from "../testing/manual-system.js";
import type { BackendFactory } from "../src/backend.js";
import { wrongType } from "../src/arguments.js";
import { Loop } from "../src/loop.js";
import { requireFactory } from "../src/recovery.js";
import { LIMIT, type TestRunner } from "./options.js";
import type { Command } from "./programs/command.js";
import type { Decide, Fault, FaultyKernel } from "./programs/fake-kernel.js";
import { FakeWorld } from "./programs/fake-world.js";
import { fastCheck } from "./programs/fast-check.js";
import { type FaultyProgram, faultyPrograms, MOST_FAULTS, programs } from "./programs/generator.js";
import { Machine } from "./programs/machine.js";
import { batches, firstSeed, howMany, ProgramFailure, runRandom } from "./programs/random.js";
import { requireRunner } from "./require-options.js";

/** What `faultPrograms()` needs to know. */
export interface FaultProgramsOptions extends TestRunner {
  /** Makes a fake kernel, a new one for each program. */
  readonly kernel: () => FaultyKernel;
  /** How many random programs to run. Default 2000; the environment variable POLYLOOP_PROGRAMS wins. */
  readonly programs?: number;
}

const DEFAULT_COUNT = 2000;
/** Programs in one test. */
const BATCH = 1000;
/** Of so many programs there is one in which every call is made to fail once, in every way. */
const SYSTEMATIC = 60;
/** Backends that a program may use up: each fault costs one at most. */
const CANDIDATES = MOST_FAULTS + 1;

/**
 * Defines tests that drive a backend's state machine over its fake kernel while calls go wrong: at random, and one after the
 * other, the first, the second, … in every way. Meanwhile nothing stale or foreign may be told and nothing thrown; once the
 * faults are over, everything wanted and ready is delivered within two turns.
 */
export function faultPrograms(options: FaultProgramsOptions): void {
  requireRunner("faultPrograms", options);
  const { describe, it, kernel } = options;
  const given: unknown = kernel;
  if (typeof given !== "function") {
    throw wrongType("faultPrograms", "kernel", "a function that makes a fake kernel", given);
  }
  const { name } = requireFactory("faultPrograms", kernel().factory);
  describe(`the ${name} backend's state machine, while the kernel says no`, () => {
    const asked = howMany(options.programs ?? DEFAULT_COUNT);
    for (const { batch, count, range } of batches(asked, BATCH)) {
      it(
        `random programs ${range}: nothing is lost, stale or foreign`,
        promised(() => {
          const arbitrary = faultyPrograms(fastCheck(), new FakeWorld(kernel()).kinds);
          const campaign = { arbitrary, title: "while the kernel says no", count, batch };
          runRandom(campaign, ({ commands, faults }) => {
            runFaulty(kernel(), commands, faults);
          });
        }),
        LIMIT,
      );
    }

    it(
      "whichever call fails, in whichever way, nothing is lost, stale or foreign",
      promised(() => {
        const fc = fastCheck();
        const { kinds } = new FakeWorld(kernel());
        const some = { numRuns: Math.ceil(asked / SYSTEMATIC), seed: firstSeed() };
        for (const commands of fc.sample(programs(fc, kinds), some)) failEach(kernel, commands);
      }),
      LIMIT,
    );
  });
}

/** A test's body as runners want it. */
function promised(body: () => void): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      body();
      resolve();
    });
}

/** Runs a program again and again: the first call fails, the second, … in every way, until none is left to fail. */
function failEach(kernel: () => FaultyKernel, commands: readonly Command[]): void {
  for (let call = 0; ; call++) {
    for (let way = 0, ways = 1; way < ways; way++) {
      const reached = tryOut(kernel, commands, { call, way });
      if (reached === undefined) return;
      ways = reached;
    }
  }
}

/** Returns in how many ways the call could have failed, or undefined if the program does not get that far. */
function tryOut(
  kernel: () => FaultyKernel,
  commands: readonly Command[],
  fault: FaultyProgram["faults"][number],
): number | undefined {
  let ways: number | undefined;
  try {
    runFaulty(kernel(), commands, [fault], (faults) => {
      ways = faults.length;
    });
  } catch (error) {
    const program = error instanceof ProgramFailure ? error.steps.join("\n") : "";
    throw new Error(`${(error as Error).message}\n${program}\nagain: POLYLOOP_SEED=${String(firstSeed())}`, {
      cause: error,
    });
  }
  return ways;
}

function runFaulty(
  kernel: FaultyKernel,
  commands: readonly Command[],
  faults: FaultyProgram["faults"],
  onFault: (ways: readonly Fault[]) => void = () => undefined,
): void {
  let calls = 0;
  let steps: string[] = [];
  const met: Fault[] = [];
  const decide: Decide = (name, ways) => {
    const number = calls++;
    const planned = faults.find(({ call }) => call === number);
    if (planned === undefined) return undefined;
    onFault(ways);
    const fault = ways[planned.way % ways.length];
    if (fault === undefined) return undefined;
    met.push(fault);
    steps.push(`    (${name}: ${fault.what})`);
    return fault;
  };
  const world = new FakeWorld(kernel);
  kernel.decide = decide;
  const restore = silenceWarnings();
  const loop = new Loop({ backend: candidates(kernel.factory), system: new ManualSystem() });
  const machine = new Machine(loop, world, {
    edge: loop.backend.supports.edge,
    mayFail: () => met.some(({ costs }) => costs === "descriptor"),
  });
  steps = machine.steps;
  try {
    machine.run(commands);
    kernel.decide = () => undefined;
    machine.settle();
    if (!met.some(({ costs }) => costs === "backend")) {
      const names = met.map(({ what }) => what).join(", ");
      assert.equal(loop.backend.skipped.length, 0, `the backend was given up for ${names}, which was no reason`);
    }
  } catch (error) {
    throw new ProgramFailure(error, steps);
  } finally {
    kernel.decide = () => undefined;
    loop.close();
    world.end();
    restore();
  }
}

/** Each replaced backend is a warning to the process; here they are replaced by the thousand, on purpose. */
function silenceWarnings(): () => void {
  const original: unknown = Reflect.get(process, "emitWarning");
  process.emitWarning = () => undefined;
  return () => {
    Reflect.set(process, "emitWarning", original);
  };
}

/** The same backend several times over, so that one can take another's place. */
function candidates(factory: BackendFactory): readonly BackendFactory[] {
  return Array.from({ length: CANDIDATES }, (_, number) => ({
    name: `${factory.name}-${String(number)}`,
    probe: () => ({ ok: true, features: [] }),
    create: (context) => factory.create(context),
  }));
}
