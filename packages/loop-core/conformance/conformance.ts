import { probe } from "../src/recovery.js";
import { alwaysReadyChapter } from "./chapters/always-ready.js";
import { availabilityChapter } from "./chapters/availability.js";
import { closingChapter } from "./chapters/closing.js";
import { contractChapter } from "./chapters/contract.js";
import { duplicatesChapter } from "./chapters/duplicates.js";
import { edgeChapter } from "./chapters/edge.js";
import { embeddingChapter } from "./chapters/embedding.js";
import { elsewhereChapter } from "./chapters/elsewhere.js";
import { endsChapter } from "./chapters/ends.js";
import { fairnessChapter } from "./chapters/fairness.js";
import { growthChapter } from "./chapters/growth.js";
import { identityChapter } from "./chapters/identity.js";
import { interestsChapter } from "./chapters/interests.js";
import { levelChapter } from "./chapters/level.js";
import { lifeChapter } from "./chapters/life.js";
import { livesChapter } from "./chapters/lives.js";
import { manifestChapter } from "./chapters/manifest.js";
import { memoryChapter } from "./chapters/memory.js";
import { numbersChapter } from "./chapters/numbers.js";
import { programsChapter } from "./chapters/programs.js";
import { readinessChapter } from "./chapters/readiness.js";
import { recreationChapter } from "./chapters/recreation.js";
import { stampChapter } from "./chapters/stamp.js";
import { timeChapter } from "./chapters/time.js";
import { turnsChapter } from "./chapters/turns.js";
import { waitsChapter } from "./chapters/waits.js";
import { wakeupChapter } from "./chapters/wakeup.js";
import type { ConformanceOptions } from "./options.js";
import { requireOptions } from "./require-options.js";
import { Suite } from "./suite.js";

const CHAPTERS: readonly ((suite: Suite) => void)[] = [
  readinessChapter,
  levelChapter,
  interestsChapter,
  alwaysReadyChapter,
  edgeChapter,
  identityChapter,
  duplicatesChapter,
  closingChapter,
  numbersChapter,
  growthChapter,
  timeChapter,
  waitsChapter,
  stampChapter,
  wakeupChapter,
  turnsChapter,
  fairnessChapter,
  embeddingChapter,
  lifeChapter,
  recreationChapter,
  livesChapter,
  memoryChapter,
  endsChapter,
  elsewhereChapter,
  manifestChapter,
  contractChapter,
  programsChapter,
];

/**
 * Defines the tests that every backend must pass: the promises of docs/semantics.md about descriptors, time, wake-ups and
 * the life of a loop, on real kernel objects; random programs against poll(2); and the backend's own manifest, claim by
 * claim. What cannot be tested here is skipped, and each skip is printed with its reason on standard error.
 *
 * Throws at once if it is given no runner or no factory.
 */
export function conformance(options: ConformanceOptions): void {
  requireOptions(options);
  const { factory, mayBeUnavailable = false } = options;
  const answer = probe(factory);
  // A probe that throws is a fault, and no reason to skip anything.
  const lacking = !answer.ok && answer.code !== "ERR_PROBE_FAILED";
  const skipAll = lacking && mayBeUnavailable ? `${factory.name} cannot run here: ${answer.reason}` : undefined;
  const suite = new Suite(options, skipAll);
  suite.describe(`the ${factory.name} backend`, () => {
    availabilityChapter(suite, answer);
    if (!answer.ok && skipAll === undefined) return;
    for (const chapter of CHAPTERS) chapter(suite);
  });
}
