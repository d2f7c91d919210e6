import assert from "node:assert/strict";
import { poll, read } from "@polyloop/sys";
import { ERROR, HANGUP, READ, WRITE } from "../../src/events.js";
import type { Loop } from "../../src/loop.js";
import type { Pair } from "../kernel-objects.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

const POLLNVAL = 0x20;

/** A moment in the life of a loop at which it is closed: makes it happen, and returns once it has. */
type Stage = (loop: Loop, scene: Scene) => void;

/** Closes in the callback of a watcher that `make` makes. */
const inCallback =
  (make: (loop: Loop, close: () => void, scene: Scene) => void): Stage =>
  (loop, scene) => {
    make(
      loop,
      () => {
        loop.close();
      },
      scene,
    );
    assert.equal(loop.run(), false, "run() returned true although its loop was closed");
  };

const STAGES: Readonly<Record<string, Stage>> = {
  "before its first run": (loop) => {
    loop.close();
  },
  "after a run": (loop) => {
    loop.run("nowait");
    loop.close();
  },
  "after a fork was declared": (loop) => {
    loop.run("nowait");
    loop.recreate();
    loop.close();
  },
  "twice and three times": (loop) => {
    loop.run("nowait");
    for (let time = 0; time < 3; time++) loop.close();
  },
  "inside the callback of a descriptor": inCallback((loop, close, scene) =>
    loop.io(scene.objects.eventfd(1), READ, close),
  ),
  "inside the callback of a timer": inCallback((loop, close) => loop.timer(1, close)),
  "inside the callback of an idle watcher": inCallback((loop, close) => loop.idle(close, { priority: 2 })),
  "inside the callback of a prepare watcher": inCallback((loop, close) => loop.prepare(close)),
  "inside the callback of a check watcher": inCallback((loop, close) => loop.check(close)),
  "inside the callback of an async watcher": inCallback((loop, close) => {
    loop.async(close).send();
  }),
  "inside the callback of a fork watcher": inCallback((loop, close) => {
    loop.fork(close);
    loop.recreate();
  }),
  "inside a callback that then throws": (loop) => {
    loop.timer(0, () => {
      loop.close();
      throw new Error("of the test");
    });
    assert.throws(() => loop.run(), /^Error: of the test$/);
  },
  "within a nested run": inCallback((loop, close) => {
    loop.timer(0, () => {
      loop.timer(1, close);
      assert.equal(loop.run(), false, "the nested run returned true although its loop was closed");
    });
  }),
  "with events pending": inCallback((loop, close, scene) => {
    // The first of those that are ready together.
    for (let count = 0; count < 5; count++) loop.io(scene.objects.eventfd(1), READ, close, { priority: 2 });
  }),
};

/** The end of a loop: promise 35. */
export function lifeChapter(suite: Suite): void {
  suite.describe("close()", () => {
    for (const [name, stage] of Object.entries(STAGES)) {
      suite.it(`ends a loop ${name}, calls nobody any more and leaves the watched descriptors open`, (scene) => {
        const loop = scene.newLoop();
        const watched = furnish(scene, loop);
        stage(loop, scene);
        assertClosed(loop);
        for (const fd of watched) {
          const triple = new Int32Array([fd, READ, 0]);
          poll(triple, 0);
          assert.equal(
            (triple[2] as number) & POLLNVAL,
            0,
            `close() closed descriptor ${String(fd)}, which is the program's`,
          );
        }
      });
    }

    suite.it("lets go of the watched files: once the program closes one, the other side sees the end", (scene) => {
      const { objects } = scene;
      const loop = scene.newLoop();
      const pairs: Pair[] = [objects.pipe(), objects.streamPair(), objects.tcpPair()];
      for (const [near] of pairs) loop.io(near, READ, () => undefined);
      scene.objects.send(pairs[0]?.[1] as number);
      loop.run("nowait");
      loop.close();
      for (const [near, far] of pairs) {
        objects.close(near);
        scene.untilOutside(() => seesTheEnd(scene, far), "the other side of a closed descriptor has not seen the end");
      }
    });

    suite.it("of one loop leaves the others alone, also those that watch the same descriptors", (scene) => {
      const { objects } = scene;
      const [reader, writer] = objects.pipe();
      const journal = scene.watch(reader, READ);
      scene.turns();
      for (let round = 0; round < 3; round++) {
        const other = scene.newLoop();
        other.io(reader, READ, () => undefined);
        other.run("nowait");
        other.close();
        objects.send(writer);
        scene.until(() => journal.take().length > 0, "a byte, after another loop with the same descriptor was closed");
        objects.drain(reader);
        scene.turns(2);
        journal.take();
      }
    });

    suite.it("gives every descriptor back", (scene) => {
      const { objects } = scene;
      const loops = Array.from({ length: 20 }, () => {
        const loop = scene.newLoop();
        loop.async(() => undefined);
        for (const fd of [objects.pipe()[0], objects.pty()[0], objects.file()]) loop.io(fd, READ, () => undefined);
        loop.run("nowait");
        return loop;
      });
      // The rest is seen at the end of each test: nothing may be open that was not open before it.
      for (const loop of loops) loop.close();
    });
  });
}

/** Watchers of all kinds that have something to do, and must not be called once the loop is closed. */
function furnish(scene: Scene, loop: Loop): number[] {
  const { objects } = scene;
  const [reader, writer] = objects.pipe();
  const [near] = objects.streamPair();
  const notClosed = (): void => {
    assert.ok(!loop.state.closed, "a callback ran on a closed loop");
  };
  objects.send(writer);
  loop.io(reader, READ, notClosed);
  loop.io(near, READ | WRITE, notClosed);
  loop.io(objects.file(), READ, notClosed);
  loop.timer(0, notClosed, { repeat: 1 });
  loop.idle(notClosed);
  loop.prepare(notClosed);
  loop.check(notClosed);
  loop.async(notClosed).send();
  return [reader, near];
}

/** Whether the other side of a connection is gone for good. */
function seesTheEnd({ objects }: Scene, fd: number): boolean {
  return (objects.readiness(fd, READ | WRITE) & (ERROR | HANGUP)) !== 0 || read(fd, new Uint8Array(1)) === 0;
}

/** Everything that needs an open loop says so. */
function assertClosed(loop: Loop): void {
  const closed = { code: "ERR_LOOP_CLOSED" };
  assert.throws(() => loop.run("nowait"), closed);
  assert.throws(() => loop.io(0, READ, () => undefined), closed);
  assert.throws(() => loop.timer(1, () => undefined), closed);
  assert.throws(() => {
    loop.recreate();
  }, closed);
  loop.close();
}
