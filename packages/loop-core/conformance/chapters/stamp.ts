import assert from "node:assert/strict";
import { MONOTONIC, WALL } from "../../src/clock.js";
import { READ, WRITE } from "../../src/events.js";
import type { BareBackend } from "../bare-backend.js";
import type { Scene } from "../scene.js";
import { monotonic, wall } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** Milliseconds by which the two ways to read a clock may differ: the last bits of a conversion. */
const ROUNDING = 0.01;
/** A machine under load may interrupt the thread between the wait and the clock; it will not do so each time. */
const ATTEMPTS = 20;

/** What there is to report, and how long to wait for it. */
interface Situation {
  readonly name: string;
  readonly timeout: number;
  readonly prepare: (scene: Scene, bare: BareBackend) => void;
}

const SITUATIONS: readonly Situation[] = [
  { name: "of poll(0) with nothing to report", timeout: 0, prepare: () => undefined },
  { name: "of a wait that ran its time", timeout: 3, prepare: () => undefined },
  { name: "of poll(0) with something to report", timeout: 0, prepare: wantReadable },
  { name: "of a wait that a descriptor ended", timeout: 1000, prepare: wantReadable },
  {
    name: "of a wait that ended in the middle",
    timeout: 1000,
    prepare: (scene, bare) => {
      bare.want(scene.objects.timerfd(3), READ);
    },
  },
  {
    name: "of a poll of always-ready descriptors",
    timeout: 1000,
    prepare: (scene, bare) => {
      bare.want(scene.objects.file(), READ | WRITE);
    },
  },
  {
    name: "of a poll in which a descriptor failed",
    timeout: 0,
    prepare: (scene, bare) => {
      bare.want(scene.objects.closedNumber(), READ);
    },
  },
];

/** The time that a backend may store after its wait: BackendContext.stamp. Nothing is as good: then core reads the clock. */
export function stampChapter(suite: Suite): void {
  suite.describe("the time of the wait", () => {
    for (const { name, timeout, prepare } of SITUATIONS) {
      suite.it(`the stamp ${name} is the present, on CLOCK_MONOTONIC and CLOCK_REALTIME`, (scene) => {
        const bare = scene.bare();
        prepare(scene, bare);
        const wrong = Array.from({ length: 5 }, () => inspectStamp(scene, bare, timeout));
        // The wall clock may be set at any moment, but not during each of the polls.
        assert.ok(wrong.includes(undefined), wrong[0]);
      });
    }

    suite.it("the stamp is of the end of the wait, not of its beginning", (scene) => {
      const bare = scene.bare();
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const begin = monotonic();
        bare.poll(20);
        const end = monotonic();
        requireStamp(scene, bare);
        if (end - (bare.stamp[MONOTONIC] as number) < (end - begin) / 2) return;
      }
      assert.fail(`${String(ATTEMPTS)} waits of 20 ms were stamped with the time before them`);
    });

    suite.it("a loop on another clock hands it no stamp, and it works without", (scene) => {
      const bare = scene.bare({ stamped: false });
      assert.deepEqual(bare.poll(1), []);
      const reader = wantReadable(scene, bare);
      assert.deepEqual(scene.reports(bare), [`${String(reader)} READ`]);
      assert.deepEqual([...bare.stamp], [Number.NaN, Number.NaN]);
    });

    suite.it("loop.now() is the wall-clock time after the wait, and stands still within a turn", (scene) => {
      const { loop } = scene;
      for (let attempt = 1; ; attempt++) {
        const before = wall();
        let [first, second] = [Number.NaN, Number.NaN];
        loop.timer(5, () => {
          first = loop.now();
          for (const begin = monotonic(); monotonic() === begin; );
          second = loop.now();
        });
        loop.run();
        const after = wall();
        assert.equal(first, second, "two looks at the time of one turn saw different times");
        // Somebody may set the clock meanwhile, but not each time.
        if (first >= before + 5 - ROUNDING && first <= after + ROUNDING) return;
        const what = `loop.now() was ${String(first)}, from ${String(before)} to ${String(after)}`;
        assert.ok(attempt < 3, what);
      }
    });
  });
}

/** A pipe with a byte in it, watched. */
function wantReadable(scene: Scene, bare: BareBackend): number {
  const [reader, writer] = scene.objects.pipe();
  scene.objects.send(writer);
  bare.want(reader, READ);
  return reader;
}

/** Leaves a test about the time of a wait if the backend has not stored it: it need not. */
function requireStamp(scene: Scene, bare: BareBackend): void {
  if (Number.isNaN(bare.stamp[MONOTONIC])) scene.skip("it stores no time after its wait");
}

/**
 * One poll, whose stamp must lie between the moments before it and after it. Returns what is wrong with the stamp of the wall
 * clock, if anything is.
 */
function inspectStamp(scene: Scene, bare: BareBackend, timeout: number): string | undefined {
  const before = [monotonic(), wall()] as const;
  bare.poll(timeout);
  const after = [monotonic(), wall()] as const;
  requireStamp(scene, bare);
  const [stamp, wallStamp] = [bare.stamp[MONOTONIC] as number, bare.stamp[WALL] as number];
  assert.ok(
    stamp <= after[0] + ROUNDING,
    `the stamp lies ${String(stamp - after[0])} ms in the future: timers come early`,
  );
  assert.ok(stamp >= before[0] - ROUNDING, `the stamp is ${String(before[0] - stamp)} ms older than the call of poll`);
  if (wallStamp >= before[1] - ROUNDING && wallStamp <= after[1] + ROUNDING) return undefined;
  return `the second stamp is ${String(wallStamp)}, and CLOCK_REALTIME went from ${String(before[1])} to ${String(after[1])}`;
}
