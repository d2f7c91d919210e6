import { Machine } from "../programs/machine.js";
import { KernelWorld } from "../programs/kernel-world.js";
import { fastCheck } from "../programs/fast-check.js";
import { programs } from "../programs/generator.js";
import { batches, howMany, ProgramFailure, runRandom } from "../programs/random.js";
import { KINDS } from "../programs/world.js";
import { Loop } from "../../src/loop.js";
import { observe } from "../observed-backend.js";
import type { Suite } from "../suite.js";

/** Programs in one test: a second or so. */
const BATCH = 250;
const DEFAULT_COUNT = 1000;

/** Random programs against poll(2). */
export function programsChapter(suite: Suite): void {
  suite.describe("random programs: nothing ready is lost, nothing stale or foreign is told, nothing spins", () => {
    for (const { batch, count, range } of batches(howMany(suite.options.programs ?? DEFAULT_COUNT), BATCH)) {
      suite.test(`programs ${range}`, () => {
        const arbitrary = programs(fastCheck(), KINDS);
        const campaign = { arbitrary, title: "nothing spins", count, batch };
        runRandom(campaign, (commands) => {
          const world = new KernelWorld();
          const observed = observe(suite.factory);
          const loop = new Loop({ backend: observed, strict: true });
          const { edge } = loop.backend.supports;
          const machine = new Machine(loop, world, { edge, polls: () => observed.made[0]?.polls ?? 0 });
          try {
            machine.run(commands);
            machine.settle();
          } catch (error) {
            throw new ProgramFailure(error, machine.steps);
          } finally {
            loop.close();
            world.end();
          }
        });
      });
    }
  });
}
