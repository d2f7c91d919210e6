import assert from "node:assert/strict";
import { descriptorLimit } from "@polyloop/sys";
import { READ, WRITE } from "../../src/events.js";
import { openDescriptors } from "../open-descriptors.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

/** Ready descriptors: more than fit into the arrays that backends begin with. */
const MANY = 400;
/** Turns within which each of them must have had its turn. One that reports a few at a time needs no more. */
const ROUND = 25;

/** Nobody waits for ever while others are served: promises 5, 8 and 13. */
export function fairnessChapter(suite: Suite): void {
  suite.describe("fairness", () => {
    suite.it("a flood on one descriptor lets timers, wake-ups and every other descriptor through", (scene) => {
      const { loop, objects } = scene;
      flood(scene);
      let ticks = 0;
      let rung = 0;
      loop.timer(1, () => ticks++, { repeat: 1 });
      const bell = loop.async(() => rung++);
      const [reader, writer] = objects.pipe();
      const other = scene.watch(reader, READ, () => objects.drain(reader), { priority: -2 });
      for (let round = 1; round <= 5; round++) {
        objects.send(writer);
        bell.send();
        scene.until(() => other.take().length > 0, "a byte beside a flood");
        scene.until(() => rung === round, "a wake-up beside a flood");
        scene.until(() => ticks >= round, "a timer beside a flood");
      }
    });

    suite.it("a flood lets idle watchers of a higher priority through", (scene) => {
      flood(scene);
      let idle = 0;
      scene.loop.idle(() => idle++, { priority: 1 });
      scene.until(() => idle >= 5, "an idle watcher of priority 1 beside a flood of priority 0");
    });

    suite.it("a flood of urgent priority lets the rest through", (scene) => {
      const { objects } = scene;
      flood(scene, 2);
      const rest = [objects.eventfd(1), objects.streamPair()[0], objects.file()].map((fd) =>
        scene.watch(fd, READ | WRITE, undefined, { priority: -2 }),
      );
      scene.until(() => rest.every(({ calls }) => calls.length >= 5), "descriptors beside a flood of priority 2");
    });

    suite.it(
      `${String(MANY)} descriptors that are ready all the time each get their turn, again and again`,
      (scene) => {
        const counts = readyDescriptors(scene);
        for (let round = 1; round <= 4; round++) {
          scene.turns(ROUND);
          const starved = counts.filter((count) => count < round).length;
          const turns = `${String(round)} times in ${String(round * ROUND)} turns`;
          assert.equal(starved, 0, `${String(starved)} descriptors were not reported ${turns}`);
        }
        assert.ok(Math.max(...counts) <= 4 * ROUND, "a watcher was called more than once a turn");
      },
    );

    suite.it("many ready descriptors do not keep the others waiting", (scene) => {
      const { objects } = scene;
      readyDescriptors(scene);
      scene.turns(ROUND);
      const [reader, writer] = objects.pipe();
      const late = scene.watch(reader, READ, () => objects.drain(reader));
      for (let round = 0; round < 5; round++) {
        objects.send(writer);
        for (let turn = 0; turn < ROUND && late.calls.length === 0; turn++) scene.turns();
        assert.deepEqual(late.take().slice(0, 1), ["READ"], `a byte was not reported within ${String(ROUND)} turns`);
        scene.turns();
        late.take();
      }
    });

    suite.it("callbacks that start and stop watchers of ready descriptors keep nobody from his turn", (scene) => {
      const { loop, objects } = scene;
      const fds = Array.from({ length: 40 }, () => objects.eventfd(1));
      const counts = fds.map(() => 0);
      for (const [index, fd] of fds.entries()) {
        const watch = (): void => {
          loop.io(fd, READ, (watcher) => {
            counts[index] = (counts[index] as number) + 1;
            watcher.stop();
            // A new one for the same descriptor, in the same turn.
            watch();
          });
        };
        watch();
      }
      scene.turns(4 * ROUND);
      assert.ok(Math.min(...counts) >= 4, `the calls of each descriptor: ${counts.join(" ")}`);
    });
  });
}

/** A descriptor that is ready for ever, whose callback drains nothing and feeds itself besides. */
function flood(scene: Scene, priority = 0): void {
  const options = { priority };
  scene.watch(scene.objects.eventfd(1), READ, ({ watcher }) => watcher.feed(READ), options);
  scene.watch(scene.objects.streamPair()[0], WRITE, ({ watcher }) => watcher.feed(WRITE), options);
}

/** Many ready descriptors, watched, and how often each was reported. */
function readyDescriptors(scene: Scene): number[] {
  if (descriptorLimit() < openDescriptors().size + MANY + 100) {
    scene.skip(`${String(MANY)} descriptors are more than RLIMIT_NOFILE leaves here`);
  }
  const counts = new Array<number>(MANY).fill(0);
  for (let index = 0; index < MANY; index++) {
    scene.loop.io(scene.objects.eventfd(1), READ, () => {
      counts[index] = (counts[index] as number) + 1;
    });
  }
  return counts;
}
