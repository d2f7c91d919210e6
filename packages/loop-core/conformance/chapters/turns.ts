import assert from "node:assert/strict";
import { PRIORITY, READ, WRITE } from "../../src/events.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

/** What "a few turns" are. */
const FEW = 10;

/** How turns, nested runs and errors fit together on this backend: promises 1, 5, 8, 9 and 11. */
export function turnsChapter(suite: Suite): void {
  suite.describe("turns", () => {
    suite.it("what is reported together is called by priority, whatever order the backend reports it in", (scene) => {
      const { objects } = scene;
      let order: number[] = [];
      for (const priority of [-2, 1, 0, 2, -1, 2, 0]) {
        scene.watch(objects.eventfd(1), READ, () => order.push(priority), { priority });
      }
      for (let turn = 0; turn < FEW; turn++) {
        order = [];
        scene.turns();
        const sorted = [...order].sort((one, other) => other - one);
        assert.deepEqual(order, sorted, "a lower priority came before a higher one");
      }
      assert.deepEqual(
        order,
        [2, 2, 1, 0, 0, -1, -2],
        `not everything that is ready was reported in turn ${String(FEW)}`,
      );
    });

    suite.it("a nested run delivers what was already reported, and what comes while it runs", (scene) => {
      const { loop, objects } = scene;
      const [late, lateWriter] = objects.pipe();
      const reported = drained(scene, 5);
      const journal = scene.watch(late, READ, () => objects.drain(late));
      let nested = false;
      loop.prepare(
        (watcher) => {
          watcher.stop();
          loop.timer(0, () => {
            objects.send(lateWriter);
            scene.until(() => reported.every(({ bytes }) => bytes === 1), "what was reported before the nested run");
            scene.until(() => journal.seen === READ, "what became ready during the nested run");
            nested = true;
          });
        },
        { ref: false },
      );
      scene.until(() => nested, "the nested run");
      assert.equal(loop.depth, 0);
    });

    suite.it("an event that a nested run delivered is not delivered again by the run around it", (scene) => {
      const { loop } = scene;
      const together = drained(scene, 8, () => {
        if (loop.depth === 1) loop.run("nowait");
      });
      scene.until(() => together.every(({ bytes }) => bytes === 1), "bytes in eight pipes");
      scene.turns(5);
      // Readiness is a hint, so one call may find nothing; what was delivered twice would be called twice each time.
      const calls = together.reduce((sum, pipe) => sum + pipe.calls, 0);
      assert.ok(calls <= together.length * 1.5, `${String(calls)} calls for ${String(together.length)} bytes`);
    });

    suite.it("runs nested three deep deliver everything, and each ends where it began", (scene) => {
      const { loop } = scene;
      const depths: number[] = [];
      const pipes = drained(scene, 12, () => {
        depths.push(loop.depth);
        if (loop.depth < 3) loop.run("nowait");
      });
      scene.until(() => pipes.every(({ bytes }) => bytes === 1), "bytes in twelve pipes");
      assert.equal(loop.depth, 0);
      assert.equal(Math.max(...depths), 3);
    });

    suite.it("a watcher stopped in a nested run is not called by the run around it", (scene) => {
      const { loop, objects } = scene;
      let stopped = false;
      const others = Array.from({ length: 4 }, () =>
        scene.watch(objects.eventfd(1), READ, () => {
          assert.ok(!stopped, "a stopped watcher was called");
          loop.timer(0, () => {
            stopped = true;
            for (const { watcher } of others) watcher.stop();
          });
          scene.turns(2);
        }),
      );
      scene.until(() => stopped, "a nested run");
      scene.turns(3);
    });

    suite.it("a callback that throws leaves run(), and the next run delivers what was pending", (scene) => {
      const { loop } = scene;
      let thrown = 0;
      const pipes = drained(scene, 6, () => {
        thrown++;
        throw new Error("of the test");
      });
      for (let run = 0; run < 100 && pipes.some(({ bytes }) => bytes === 0); run++) {
        try {
          scene.turns();
        } catch (error) {
          assert.equal((error as Error).message, "of the test");
          assert.equal(loop.depth, 0);
        }
      }
      assert.deepEqual(
        pipes.map(({ bytes }) => bytes),
        pipes.map(() => 1),
        "what was pending when a callback threw has been lost",
      );
      assert.ok(thrown >= pipes.length);
      loop.verify();
    });

    suite.it("a descriptor whose callback throws each time is reported again each time", (scene) => {
      const { loop, objects } = scene;
      const fd = objects.eventfd(1);
      loop.io(fd, READ, () => {
        throw new Error("of the test");
      });
      for (let round = 0; round < 5; round++) {
        assert.throws(() => {
          scene.until(() => false, "an error out of a callback");
        }, /^Error: of the test$/);
      }
    });

    suite.it("break() ends the run after this turn, and the next run goes on where it ended", (scene) => {
      const { loop, objects } = scene;
      const pipes = drained(scene, 4, () => {
        loop.break();
      });
      const limit = loop.timer(scene.patience, () => assert.fail("waited in vain for a byte"), { ref: false });
      let runs = 0;
      while (pipes.some(({ bytes }) => bytes === 0)) {
        assert.equal(loop.run(), true);
        assert.ok(++runs <= pipes.length, "a run ended although nothing was reported in it");
      }
      const ticker = scene.watch(objects.timerfd(20), READ, () => {
        loop.break();
      });
      assert.equal(loop.run(), true, "break() ended a run although watchers are left");
      limit.stop();
      assert.equal(ticker.seen, READ, "a break() of an earlier run ended this one");
    });

    suite.it("a run that ended because nothing was left to wait for can begin again", (scene) => {
      const { loop, objects } = scene;
      const [reader, writer] = objects.pipe();
      for (let round = 0; round < 5; round++) {
        const journal = scene.watch(reader, READ, ({ watcher }) => {
          objects.drain(reader);
          watcher.stop();
        });
        objects.send(writer);
        scene.until(() => journal.seen === READ, "a byte, in a run that followed an ended one");
        assert.equal(loop.run(), false, "run() returned true although nothing is watched");
      }
    });

    suite.it("watchers of all kinds with nothing to do leave the loop asleep", (scene) => {
      const { loop, objects } = scene;
      const quiet = [objects.pipe()[0], ...objects.streamPair(), ...objects.tcpPair(), objects.listener()];
      const busy = [objects.pipe()[1], objects.streamPair()[0]];
      for (const fd of quiet) loop.io(fd, READ, () => objects.drain(fd));
      for (const fd of quiet) loop.io(fd, PRIORITY, () => assert.fail("nobody sent urgent data"));
      // Ready, but nobody wants it.
      for (const fd of busy) loop.io(fd, WRITE, () => undefined).modify(0);
      loop.io(objects.devNull(), 0, () => assert.fail("an interest of 0 fired"));
      const wake = loop.async(() => undefined);
      loop.timer(60_000, () => undefined);
      for (const [near, far] of [objects.pipe(), objects.streamPair()]) {
        loop.io(near, READ, () => objects.drain(near));
        objects.send(far);
      }
      wake.send();
      scene.turns(5);
      const polls = scene.rest(300);
      assert.ok(polls <= FEW, `${String(polls)} polls in 300 ms in which nothing happened`);
    });
  });
}

/** A pipe with a byte in it, whose watcher takes it out. */
interface Drained {
  bytes: number;
  calls: number;
}

/** So many of them; `then` runs after each byte. */
function drained(scene: Scene, count: number, then: () => void = () => undefined): Drained[] {
  return Array.from({ length: count }, () => {
    const [reader, writer] = scene.objects.pipe();
    const pipe: Drained = { bytes: 0, calls: 0 };
    scene.objects.send(writer);
    scene.watch(reader, READ, () => {
      pipe.calls++;
      const bytes = scene.objects.drain(reader);
      pipe.bytes += bytes;
      if (bytes > 0) then();
    });
    return pipe;
  });
}
