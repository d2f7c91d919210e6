import assert from "node:assert/strict";
import { ManualSystem } from "../testing/manual-system.js";
import type { BackendFactory } from "../src/backend.js";
import { Loop } from "../src/loop.js";
import type { TestRunner } from "./options.js";
import { type Command, describeProgram } from "./programs/command.js";
import type { Decide, Fault, FaultyKernel } from "./programs/fake-kernel.js";
import { FakeWorld } from "./programs/fake-world.js";
import { fastCheck } from "./programs/fast-check.js";
import { type FaultyProgram, faultyPrograms, programs } from "./programs/generator.js";
import { Machine } from "./programs/machine.js";
import { howMany, isRepeat, runRandom } from "./programs/random.js";

/** What `faultPrograms()` needs to know. */
export interface FaultProgramsOptions extends TestRunner {
  /** Makes a fake kernel, a new one for each program. */
  readonly kernel: () => FaultyKernel;
  /** How many random programs to run. Default 2000; the environment variable POLYLOOP_PROGRAMS wins. */
  readonly programs?: number;
}

/** Programs in one test. */
const BATCH = 1000;
/** Programs in which every call is made to fail once, in every way. */
const SYSTEMATIC = 30;
const LIMIT = 120_000;
/** Backends that a program may use up: one more than it has faults. */
const CANDIDATES = 8;

/**
 * Defines tests that drive a backend's state machine over its fake kernel while calls go wrong: at random, and one after the
 * other, the first, the second, … in every way. Meanwhile nothing stale or foreign may be told and nothing thrown; once the
 * faults are over, everything wanted and ready is delivered within two turns.
 */
export function faultPrograms(options: FaultProgramsOptions): void {
  const { describe, it, kernel } = options;
  const { name } = kernel().factory;
  describe(`the ${name} backend's state machine, while the kernel says no`, () => {
    const count = isRepeat() ? 1 : howMany(options.programs ?? 2000);
    for (let done = 0, batch = 0; done < count; done += BATCH, batch++) {
      const size = Math.min(BATCH, count - done);
      const title = `random programs ${String(done + 1)} to ${String(done + size)}: nothing is lost, stale or foreign`;
      it(
        title,
        promised(() => {
          const arbitrary = faultyPrograms(fastCheck(), new FakeWorld(kernel()).kinds);
          runRandom({ arbitrary, describe: describeFaulty, count: size, batch }, ({ commands, faults }) => {
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
        for (const commands of fc.sample(programs(fc, kinds), { numRuns: SYSTEMATIC, seed: 1 })) {
          failEach(kernel, commands);
        }
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
    throw new Error(`${(error as Error).message}\n${describeFaulty({ commands, faults: [fault] })}`, { cause: error });
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
  const met: Fault[] = [];
  const decide: Decide = (_call, ways) => {
    const number = calls++;
    const planned = faults.find(({ call }) => call === number);
    if (planned === undefined) return undefined;
    onFault(ways);
    const fault = ways[planned.way % ways.length];
    if (fault !== undefined) met.push(fault);
    return fault;
  };
  const world = new FakeWorld(kernel);
  kernel.decide = decide;
  const restore = silenceWarnings();
  const loop = new Loop({ backend: candidates(kernel.factory), system: new ManualSystem() });
  try {
    const machine = new Machine(loop, world, {
      edge: loop.backend.supports.edge,
      mayFail: () => met.some(({ costs }) => costs === "descriptor"),
    });
    machine.run(commands);
    kernel.decide = () => undefined;
    machine.settle();
    if (!met.some(({ costs }) => costs === "backend")) {
      const names = met.map(({ what }) => what).join(", ");
      assert.equal(loop.backend.skipped.length, 0, `the backend was given up for ${names}, which was no reason`);
    }
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

function describeFaulty({ commands, faults }: FaultyProgram): string {
  const lines = faults.map(({ call, way }) => `  call ${String(call)} fails, way ${String(way)}`);
  return [describeProgram(commands), ...lines].join("\n");
}
