import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { poll } from "@polyloop/sys";
import { READ } from "../../src/events.js";
import { staysAwake } from "../awake.js";
import type { BareBackend } from "../bare-backend.js";
import type { Scene } from "../scene.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** Longer than an int of milliseconds, than 32 bits of them, than any of the kernel's structures. */
const LONG_WAITS = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 0.5, 2 ** 31 * 1000, 1e15, 2 ** 63, 1e300];
/** How often a wait may end early with nothing to say before that is a busy loop. */
const FEW = 5;
/** A wait in milliseconds, and how many of them there are so that load cannot make every one late. */
const WAIT = 3;
const WAITS = 30;
/** Milliseconds: a whole one that an interface may round up to, and what a backend may do besides waiting. */
const ROUNDING = 1;
const LEEWAY = 3;

/** What the argument of `poll` means: promises 5 and 26. */
export function waitsChapter(suite: Suite): void {
  suite.describe("waits", () => {
    for (const timeout of [0.3, 1, 2.7, 10]) {
      suite.it(`poll(${String(timeout)}) is never rounded down`, (scene) => {
        const bare = scene.bare();
        const rounds = 12;
        let early = 0;
        for (let round = 0; round < rounds; round++) {
          const begin = monotonic();
          assert.deepEqual(bare.poll(timeout), []);
          if (monotonic() - begin < timeout - 0.001) early++;
        }
        assert.ok(early <= rounds / 4, `${String(early)} of ${String(rounds)} waits for nothing were too short`);
      });
    }

    suite.it(`ends in time: the best of ${String(WAITS)} waits is not much longer than it was asked to be`, (scene) => {
      const bare = scene.bare();
      bare.want(scene.objects.pipe()[0], READ);
      let best = Number.POSITIVE_INFINITY;
      // What the machine can do, asked at the same time.
      let possible = Number.POSITIVE_INFINITY;
      for (let wait = 0; wait < WAITS; wait++) {
        const elapsed = fullWait(() => assert.deepEqual(bare.poll(WAIT), []));
        best = Math.min(best, elapsed);
        const truth = fullWait(() => poll(new Int32Array(0), WAIT));
        possible = Math.min(possible, truth);
      }
      const late = `the best of ${String(WAITS)} waits of ${String(WAIT)} ms took ${String(best)} ms`;
      assert.ok(best <= possible + ROUNDING + LEEWAY, `${late}, and poll(2) can do it in ${String(possible)} ms`);
    });

    suite.it("poll(0) does not wait", (scene) => {
      const bare = scene.bare();
      // Should poll(0) wait for ever, this ends it.
      const ticker = scene.objects.timerfd(5000);
      bare.want(ticker, READ);
      bare.poll(0);
      staysAwake("calls of poll(0)", 200, () => assert.deepEqual(bare.poll(0), [], "seconds went by in poll(0)"));
    });

    suite.it("poll(-1) waits until something is ready", (scene) => {
      const bare = scene.bare();
      const ticker = scene.objects.timerfd(50);
      bare.want(ticker, READ);
      const { early } = pollUntilReported(scene, bare, -1);
      assert.ok(early <= FEW, `${String(early)} polls for ever ended before anything was ready`);
      assert.ok(scene.objects.drain(ticker) > 0, "the descriptor was reported before it was ready");
    });

    for (const timeout of LONG_WAITS) {
      suite.it(`poll(${String(timeout)}) neither throws nor returns at once`, (scene) => {
        const bare = scene.bare();
        const ticker = scene.objects.timerfd(20);
        bare.want(ticker, READ);
        const { early } = pollUntilReported(scene, bare, timeout);
        assert.ok(early <= FEW, `${String(early)} polls ended before anything was ready`);
      });
    }

    suite.it("timers of weeks, of millennia and of for ever let the loop sleep", (scene) => {
      const { loop, objects } = scene;
      for (const after of [...LONG_WAITS, Number.POSITIVE_INFINITY]) {
        const timer = loop.timer(after, () => assert.fail(`the timer of ${String(after)} ms fired`));
        const before = scene.backend.polls;
        const ticker = objects.timerfd(20);
        const journal = scene.watch(ticker, READ, ({ watcher }) => {
          watcher.stop();
          loop.break();
        });
        loop.run();
        const polls = scene.backend.polls - before;
        timer.stop();
        objects.close(ticker);
        assert.deepEqual(journal.take(), ["READ"]);
        assert.ok(polls <= FEW, `${String(polls)} polls in 20 ms, while the next timer is ${String(after)} ms away`);
      }
    });

    suite.it("a signal during the wait is no failure and makes no timer early", (scene) => {
      interruptions(scene, 6);
      const begin = monotonic();
      const polls = scene.rest(200);
      assert.ok(monotonic() >= begin + 200, "the timer was early");
      // In a thread each signal may end another wait: it makes Node's own loop ready, which wakes this one.
      assert.ok(polls <= 3 * 6 + FEW, `${String(polls)} polls for a timer and six signals`);
    });

    suite.it("a signal during a wait for ever is no failure and loses nothing", (scene) => {
      const bare = scene.bare();
      const ticker = scene.objects.timerfd(150);
      bare.want(ticker, READ);
      interruptions(scene, 6);
      const { early } = pollUntilReported(scene, bare, -1);
      assert.ok(early <= 6 + FEW, `${String(early)} polls ended early, with six signals`);
    });

    suite.it("a signal during a wait does not lose the changes that were handed over with it", (scene) => {
      interruptions(scene, 6);
      const begin = monotonic();
      while (monotonic() < begin + 150) watchedWhileInterrupted(scene);
    });
  });
}

/** Milliseconds that a wait of {@link WAIT} took; one that a signal ended says nothing. */
function fullWait(wait: () => unknown): number {
  const begin = monotonic();
  wait();
  const elapsed = monotonic() - begin;
  return elapsed < WAIT ? Number.POSITIVE_INFINITY : elapsed;
}

/** Waits with a new change each time; whatever ends a wait, the change must have reached the kernel. */
function watchedWhileInterrupted(scene: Scene): void {
  const bare = scene.bare();
  const [reader, writer] = scene.objects.pipe();
  bare.want(reader, READ);
  bare.poll(10);
  scene.objects.send(writer);
  assert.deepEqual(pollUntilReported(scene, bare, 1000).reported, [`${String(reader)} READ`]);
  bare.close();
  scene.objects.close(reader);
  scene.objects.close(writer);
}

/** Polls until something is reported, and counts the polls that said nothing. */
function pollUntilReported(scene: Scene, bare: BareBackend, timeout: number): { reported: string[]; early: number } {
  // Ends a wait for what the backend has lost.
  const guard = scene.objects.timerfd(scene.patience);
  bare.want(guard, READ);
  const limit = monotonic() + scene.patience;
  for (let early = 0; ; early++) {
    const reported = bare.poll(timeout);
    const inVain = reported.includes(`${String(guard)} READ`) || monotonic() > limit;
    assert.ok(!inVain, "waited in vain for a report of what is ready");
    if (reported.length === 0) continue;
    bare.want(guard, 0);
    return { reported, early };
  }
}

/** So many signals for this thread, 20 ms from one to the next: each is the end of a child (SIGCHLD, which Node handles). */
function interruptions(scene: Scene, count: number): void {
  scene.ignoreDescriptors("with the first child of a thread Node opens a pipe for good");
  for (let index = 1; index <= count; index++) {
    spawn("sleep", [String(index * 0.02)], { stdio: "ignore" }).on("error", () => undefined);
  }
}
