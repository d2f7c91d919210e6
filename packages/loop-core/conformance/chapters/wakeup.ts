import assert from "node:assert/strict";
import { ASYNC, READ } from "../../src/events.js";
import type { AsyncWatcher } from "../../src/watchers/async.js";
import type { Scene } from "../scene.js";
import { withSenders } from "../sender-threads.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** What "a few turns" are. */
const FEW = 10;

/** A wake-up that is counted. */
interface Bell {
  readonly watcher: AsyncWatcher;
  rung: number;
}

/** Wake-ups, from this thread and from others: promise 32. */
export function wakeupChapter(suite: Suite): void {
  suite.describe("wake-ups", () => {
    suite.it("what is sent before run() is delivered, once for many sends", (scene) => {
      const bell = hang(scene);
      for (let send = 0; send < 1000; send++) bell.watcher.send();
      scene.untilWoken(() => bell.rung > 0, "a wake-up that was sent before run()");
      scene.turns(3);
      assert.equal(bell.rung, 1, "a thousand sends before run() called back more than once");
    });

    suite.it(
      "what is sent in a callback is delivered by the next turn, although there is nothing to wait for",
      (scene) => {
        const bell = hang(scene);
        for (let round = 1; round <= 10; round++) {
          scene.loop.timer(1, () => {
            bell.watcher.send();
          });
          scene.untilWoken(() => bell.rung === round, "a wake-up that a timer's callback sent");
        }
        const [reader, writer] = scene.objects.pipe();
        const journal = scene.watch(reader, READ, () => {
          scene.objects.drain(reader);
          bell.watcher.send();
        });
        scene.objects.send(writer);
        scene.untilWoken(() => bell.rung === 11, "a wake-up that a descriptor's callback sent");
        assert.equal(journal.seen, READ);
      },
    );

    suite.it("what is sent in a nested run is delivered, inside it or after it", (scene) => {
      const { loop } = scene;
      const bell = hang(scene);
      loop.timer(0, () => {
        loop.timer(0, () => {
          bell.watcher.send();
        });
        loop.run("nowait");
        loop.run("nowait");
      });
      scene.untilWoken(() => bell.rung === 1, "a wake-up that was sent in a nested run");
    });

    suite.it("each async watcher gets its own wake-ups and no other", (scene) => {
      const bells = Array.from({ length: 5 }, () => hang(scene));
      for (const [index, bell] of bells.entries()) {
        bell.watcher.send();
        scene.untilWoken(() => bell.rung === 1, `the wake-up of watcher ${String(index)}`);
        scene.turns(2);
        assert.deepEqual(
          bells.map(({ rung }) => rung),
          bells.map((_, other) => (other <= index ? 1 : 0)),
        );
      }
    });

    suite.it("a wake-up does not keep the loop awake once it was delivered", (scene) => {
      const bell = hang(scene);
      bell.watcher.send();
      scene.untilWoken(() => bell.rung === 1, "a wake-up");
      const polls = scene.rest(200);
      assert.ok(polls <= FEW, `${String(polls)} polls in 200 ms after a wake-up`);
      assert.equal(bell.rung, 1);
    });

    suite.it("a wake-up from another thread ends a wait for ever", (scene) => {
      const bell = hang(scene);
      return withSenders([{ handle: bell.watcher.handle, bursts: 20, delay: 4 }], ([thread]) => {
        bell.watcher.callback = () => thread?.acknowledge();
        thread?.begin();
        scene.untilWoken(() => thread?.done === true, "a wake-up from another thread");
      });
    });

    suite.it("a wake-up from another thread ends a wait for a timer, and makes no timer early", (scene) => {
      const bell = hang(scene);
      return withSenders([{ handle: bell.watcher.handle, bursts: 20, delay: 4 }], ([thread]) => {
        bell.watcher.callback = () => thread?.acknowledge();
        thread?.begin();
        const begin = monotonic();
        const polls = scene.rest(300);
        assert.ok(monotonic() >= begin + 300, "the timer was early");
        scene.untilWoken(() => thread?.done === true, "the rest of twenty wake-ups");
        // Each wake-up ends one wait.
        assert.ok(polls <= 40 + FEW, `${String(polls)} polls for twenty wake-ups`);
      });
    });

    suite.it(
      "of many sends from several threads none is lost: after the last one the callback runs once more",
      (scene) => {
        const bell = hang(scene);
        const { handle } = bell.watcher;
        const sendings = Array.from({ length: 3 }, () => ({ handle, bursts: 300, delay: 0 }));
        return withSenders(sendings, (threads) => {
          bell.watcher.callback = () => {
            bell.rung++;
            for (const thread of threads) thread.acknowledge();
          };
          for (const thread of threads) thread.begin();
          scene.untilWoken(() => threads.every(({ done }) => done), "one of 1800 sends of three threads");
          assert.ok(bell.rung <= 1800, "more calls than sends");
        });
      },
    );

    suite.it("threads that send to different watchers of one loop are told apart", (scene) => {
      const bells = Array.from({ length: 3 }, () => hang(scene));
      const sendings = bells.map(({ watcher }) => ({ handle: watcher.handle, bursts: 100, delay: 0 }));
      return withSenders(sendings, (threads) => {
        for (const [index, bell] of bells.entries()) {
          bell.watcher.callback = () => threads[index]?.acknowledge();
        }
        for (const thread of threads) thread.begin();
        scene.untilWoken(() => threads.every(({ done }) => done), "one of the threads' sends");
      });
    });

    suite.it("wake-ups from another thread get through beside descriptors that are always ready", (scene) => {
      const bell = hang(scene);
      scene.watch(scene.objects.eventfd(1), READ);
      scene.watch(scene.objects.file(), READ);
      return withSenders([{ handle: bell.watcher.handle, bursts: 10, delay: 0 }], ([thread]) => {
        bell.watcher.callback = () => thread?.acknowledge();
        thread?.begin();
        scene.untilWoken(() => thread?.done === true, "a wake-up beside descriptors that are always ready");
      });
    });
  });
}

/** An async watcher, and how often it was called. */
function hang(scene: Scene): Bell {
  const bell: Bell = {
    watcher: scene.loop.async((_watcher, events) => {
      assert.equal(events, ASYNC);
      bell.rung++;
    }),
    rung: 0,
  };
  return bell;
}
