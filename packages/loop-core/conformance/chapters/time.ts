import assert from "node:assert/strict";
import { READ } from "../../src/events.js";
import type { Scene } from "../scene.js";
import { skippedInPart } from "../skipped-in-part.js";
import { monotonic, threadUsage } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** Whole and broken milliseconds, and less than one. */
const DURATIONS = [0.05, 0.4, 0.999, 1, 1.5, 2.05, 7.3, 16.7];
/** What "a few turns" are. */
const FEW = 10;

/** Timers, and how the backend waits for them: promises 5, 23, 24 and 26. */
export function timeChapter(suite: Suite): void {
  suite.describe("timers", () => {
    suite.it("a wait ends when its time is up, also with no descriptor to watch", (scene) => {
      assert.deepEqual(scene.bare().poll(20), []);
      let expired = false;
      scene.loop.timer(20, () => {
        expired = true;
      });
      assert.equal(scene.loop.run(), false);
      assert.ok(expired, "run() returned and the timer had not expired");
    });

    for (const duration of DURATIONS) {
      const name = `${String(duration)} ms`;
      suite.it(`a timer of ${name} never fires early`, (scene) => {
        for (let round = 0; round < 16; round++) {
          if (round === 8) endEachWait(scene);
          const begin = monotonic();
          const end = firing(scene, duration);
          assert.ok(end >= begin + duration, `the timer was ${String(begin + duration - end)} ms early`);
        }
      });

      suite.it(`a timer of ${name} costs a wait or two, not a busy loop`, (scene) => {
        const rounds = 10;
        let polls = 0;
        for (let round = 0; round < rounds; round++) polls += scene.rest(duration);
        assert.ok(polls <= rounds * 4, `${String(polls)} polls for ${String(rounds)} timers, one after the other`);
      });
    }

    suite.it("a repeating timer keeps its beat: no call comes before so many periods", (scene) => {
      const period = 1.7;
      for (const round of ["alone", "beside what is always ready"]) {
        if (round !== "alone") endEachWait(scene);
        const calls: number[] = [];
        const begin = monotonic();
        const timer = scene.loop.timer(period, () => calls.push(monotonic()), { repeat: period });
        scene.until(() => calls.length >= 20, "twenty calls of a repeating timer");
        timer.stop();
        calls.forEach((at, index) => {
          // Added up as the loop does it, and with the same roundings but for the last bits.
          const due = begin + period * (index + 1) - 1e-5;
          assert.ok(at >= due, `call ${String(index + 1)} came ${String(due - at)} ms early, ${round}`);
        });
      }
    });

    suite.it("timers that come due one after the other fire in that order, each in its time", (scene) => {
      for (const round of ["alone", "beside what is always ready"]) {
        if (round !== "alone") endEachWait(scene);
        const fired: number[] = [];
        const begin = monotonic();
        // Started in one turn, they count from one moment.
        scene.loop.timer(0, () => {
          for (const after of [9.1, 0.3, 4, 1.2, 3.9, 30, 0.31]) {
            scene.loop.timer(after, () => {
              assert.ok(monotonic() >= begin + after, `the timer of ${String(after)} ms was early, ${round}`);
              fired.push(after);
            });
          }
        });
        scene.loop.run();
        assert.deepEqual(fired, [0.3, 0.31, 1.2, 3.9, 4, 9.1, 30]);
      }
    });

    suite.it("a timer that has already expired does not wait for a descriptor", (scene) => {
      scene.loop.io(scene.objects.pipe()[0], READ, () => undefined, { ref: false });
      const begin = monotonic();
      for (const after of [0, -5]) firing(scene, after);
      assert.ok(monotonic() - begin < 5000, "timers of 0 and less took seconds");
    });

    suite.it("a timer neither hurries nor delays what becomes ready before it", (scene) => {
      const { loop, objects } = scene;
      const begin = monotonic();
      const ticker = objects.timerfd(30);
      const timer = loop.timer(scene.patience, () => undefined);
      const journal = scene.watch(ticker, READ, ({ watcher }) => {
        watcher.stop();
        timer.stop();
      });
      loop.run();
      const elapsed = monotonic() - begin;
      assert.deepEqual(journal.take(), ["READ"]);
      assert.ok(elapsed >= 30, `a timerfd of 30 ms was reported after ${String(elapsed)} ms`);
      assert.ok(elapsed < scene.patience, "the descriptor had to wait for the timer");
    });

    suite.it("an idle second costs a few turns and next to no processor time", (scene) => {
      const { loop, objects } = scene;
      for (const fd of [objects.pipe()[0], objects.streamPair()[0], objects.listener(), objects.eventfd()]) {
        loop.io(fd, READ, () => assert.fail("nothing happened, and a descriptor was reported"));
      }
      loop.async(() => undefined);
      scene.turns();
      const before = threadUsage();
      const polls = scene.rest(1000);
      const after = threadUsage();
      assert.ok(polls <= FEW, `${String(polls)} polls in a second in which nothing happened`);
      if (before === undefined || after === undefined) {
        skippedInPart("the processor time of an idle second", "/proc does not tell");
        return;
      }
      const used = after.processor - before.processor;
      assert.ok(used < 100, `${String(used)} ms of processor time for a second in which nothing happened`);
    });
  });
}

/** From here on each wait ends before any timer is due: what decides is the time that the backend tells. */
function endEachWait(scene: Scene): void {
  scene.watch(scene.objects.eventfd(1), READ, undefined, { ref: false });
}

/** When a timer of so many milliseconds, started now, fires. */
function firing(scene: Scene, duration: number): number {
  let end = Number.NaN;
  scene.loop.timer(duration, () => {
    end = monotonic();
  });
  scene.loop.run();
  return end;
}
