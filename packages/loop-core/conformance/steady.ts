import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { describeEvents, type Events } from "../src/events.js";
import type { Journal, Scene } from "./scene.js";

/** Turns in which a change may still be on its way to the loop, and a completion-based backend may report what was. */
export const GRACE = 2;
/** Turns until a backend's buffers fit what is ready: they may double from a few to thousands. */
export const FEW_TURNS = 16;
/** Turns in which every one must bring what is so. */
const STEADY = 3;
/** Polls that a backend may need while nothing happens. One is enough; one that spins needs thousands. */
const FEW_POLLS = 8;
/** Milliseconds in which a busy loop shows. */
const A_REST = 3;
/** How often a state that changes by itself is looked at anew. */
const MOST_ATTEMPTS = 100;

/**
 * Checks that a watcher is told what poll(2) says of its descriptor: if it is ready, these very events in every turn, and
 * if not, nothing, and the loop sleeps. `before` is what it was told until now, 0 if nothing: until the change has arrived
 * that may come once more. Returns what poll(2) says.
 */
export function tellsTheTruth(scene: Scene, journal: Journal, when: string, before: Events = 0): Events {
  const { fd, events: interest } = journal.watcher;
  const { objects } = scene;
  let mayCome = before;
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const truth = objects.readiness(fd, interest);
    mayCome |= truth;
    const told = observe(scene, journal, truth);
    // Timers, TCP and terminals go on by themselves: what was seen is then of neither state.
    if (objects.readiness(fd, interest) !== truth) continue;
    const every = truth === 0 ? [] : [describeEvents(truth)];
    assert.deepEqual(
      {
        when,
        watchedFor: describeEvents(interest),
        ...told,
        early: told.early.filter((got) => (got & ~mayCome) !== 0),
      },
      { when, watchedFor: describeEvents(interest), early: [], turns: Array.from({ length: STEADY }, () => every) },
    );
    // What becomes ready by itself meanwhile is told, and no rest.
    if (truth === 0) sleeps(scene, when, A_REST, () => objects.readiness(fd, interest) === 0);
    return truth;
  }
  assert.fail(`${when}: poll(2) never said the same twice`);
}

/** What a watcher was told: before it could have been told everything, and in each turn after that. */
interface Told {
  readonly early: Events[];
  readonly turns: string[][];
}

function observe(scene: Scene, journal: Journal, truth: Events): Told {
  const { calls } = journal;
  calls.length = 0;
  if (truth === 0) scene.turns(GRACE);
  else arrives(scene, journal, truth);
  const early = calls.splice(0);
  const turns = Array.from({ length: STEADY }, () => {
    scene.turns();
    return journal.take();
  });
  return { early, turns };
}

/** Turns the loop until the watcher is told this, or often enough something else. */
function arrives(scene: Scene, { calls, watcher }: Journal, truth: Events): void {
  const { objects } = scene;
  scene.until(
    () =>
      calls.at(-1) === truth ||
      calls.length > GRACE ||
      // Over before it was told: the caller sees that, too.
      objects.readiness(watcher.fd, watcher.events) !== truth,
    `${describeEvents(truth)} of descriptor ${String(watcher.fd)}, watched for ${describeEvents(watcher.events)}`,
  );
}

/** Checks that soon every one of these watchers is told this, and nothing else, in every turn. */
export function allAreTold(scene: Scene, journals: readonly Journal[], events: Events, when: string): void {
  const all = journals.map(() => [describeEvents(events)]);
  const turn = (): string[][] => {
    scene.turns();
    return journals.map((journal) => journal.take());
  };
  for (const { calls } of journals) calls.length = 0;
  for (let count = 0; count < FEW_TURNS; count++) if (isDeepStrictEqual(turn(), all)) break;
  for (let count = 0; count < STEADY; count++) assert.deepEqual({ when, calls: turn() }, { when, calls: all });
}

/** Checks that the loop sleeps when nothing is to be told. `isStill` is asked afterwards whether there was nothing until then. */
export function sleeps(scene: Scene, when: string, ms = A_REST, isStill = (): boolean => true): void {
  const polls = scene.rest(ms);
  assert.ok(
    polls <= FEW_POLLS || !isStill(),
    `${when}: the loop was busy: ${String(polls)} polls in ${String(ms)} ms without an event`,
  );
}

/** Checks that a watcher is told nothing, turn after turn, and that the loop sleeps. */
export function hearsNothing(scene: Scene, journal: Journal, when: string): void {
  scene.turns(GRACE + STEADY);
  sleeps(scene, when);
  assert.deepEqual({ when, calls: journal.take() }, { when, calls: [] });
}

/** Turns the loop until the watcher is called, and forgets what came until then. */
export function isCalled(scene: Scene, journal: Journal, when: string): void {
  scene.until(() => journal.calls.length > 0, `${when}: the watcher was not called`);
  journal.calls.length = 0;
}
