import assert from "node:assert/strict";
import { READ } from "../../src/events.js";
import type { IoWatcher } from "../../src/watchers/io.js";
import { roomFor } from "../descriptor-room.js";
import type { Scene } from "../scene.js";
import { FEW_TURNS, GRACE, sleeps, tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

const MOST = 15_000;

/** Many event counters that are watched, and how often the watcher of each was called. */
class Crowd {
  readonly watchers: IoWatcher[] = [];
  private readonly calls = new Int32Array(MOST);
  private readonly scene: Scene;

  constructor(scene: Scene) {
    this.scene = scene;
  }

  /** Watches more counters, none of which can be read. */
  growTo(count: number, then: (index: number) => void = () => undefined): void {
    while (this.watchers.length < count) {
      const index = this.watchers.length;
      this.watchers.push(
        this.scene.loop.io(this.scene.objects.eventfd(), READ, () => {
          this.calls[index] = (this.calls[index] as number) + 1;
          then(index);
        }),
      );
    }
  }

  /** Makes all of them readable. */
  happen(): void {
    for (const { fd } of this.watchers) this.scene.objects.count(fd);
  }

  /** Makes none of them readable. */
  drain(): void {
    for (const { fd } of this.watchers) this.scene.objects.drain(fd);
  }

  /** How many were called since the last time, and how often the one that was most. */
  take(): { readonly called: number; readonly most: number } {
    const called = this.calls.reduce((sum, count) => sum + Math.min(count, 1), 0);
    const most = this.calls.reduce((highest, count) => Math.max(highest, count), 0);
    this.calls.fill(0);
    return { called, most };
  }

  /** Stops and closes all of them. */
  disperse(): void {
    for (const watcher of this.watchers) {
      watcher.stop();
      this.scene.objects.close(watcher.fd);
    }
    this.watchers.length = 0;
  }
}

/** From one descriptor to thousands and back. */
export function growthChapter(suite: Suite): void {
  suite.describe("growth", () => {
    suite.it(
      "from one descriptor to thousands, and back to few, loses none of them and tells of each in every turn",
      (scene) => {
        const most = roomFor(scene, MOST);
        const crowd = new Crowd(scene);
        for (const count of [1, 2, 15, 63, 64, 65, 130, 500, 2000, 6000, MOST]) {
          if (count > most && crowd.watchers.length === most) break;
          crowd.growTo(Math.min(count, most));
          comeAndGo(scene, crowd, `${String(crowd.watchers.length)} descriptors`);
        }
        crowd.disperse();
        scene.turns(GRACE);
        sleeps(scene, "all stopped and closed");
        crowd.growTo(3);
        comeAndGo(scene, crowd, "three descriptors after thousands");
        scene.loop.verify();
      },
    );

    suite.it("to thousands at once, which are ready as soon as they are watched, loses none of them", (scene) => {
      const crowd = new Crowd(scene);
      crowd.growTo(roomFor(scene, 5000));
      crowd.happen();
      everyTurn(scene, crowd, "watched when they were ready");
    });

    suite.it(
      "to thousands that are ready at once never calls those that callbacks stopped, and calls all the others",
      (scene) => {
        const count = roomFor(scene, 5000);
        const crowd = new Crowd(scene);
        const victims = new Set<number>();
        const called = new Set<number>();
        crowd.growTo(count, (index) => {
          assert.ok(!victims.has(index), "a callback came after stop()");
          called.add(index);
          // Each of the first hundred stops another one, far from it, that was not called yet.
          const victim = (index + (count >> 1)) % count;
          if (victims.size === 100 || called.has(victim) || victims.has(victim)) return;
          crowd.watchers[victim]?.stop();
          victims.add(victim);
        });
        scene.turns();
        crowd.happen();
        for (let turn = 0; turn < FEW_TURNS && called.size < count - victims.size; turn++) scene.turns();
        assert.equal(called.size, count - victims.size, "watchers that were called");
        assert.equal(victims.size, Math.min(100, count >> 1), "watchers that were stopped");
        crowd.take();
        everyTurn(scene, crowd, "after some stopped", count - victims.size);
        crowd.drain();
        scene.turns(GRACE);
        crowd.take();
        scene.turns(3);
        assert.deepEqual(crowd.take(), { called: 0, most: 0 }, "calls after all were drained");
      },
    );

    suite.it("leaves a descriptor that was there before as it was", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const journal = scene.watch(near, READ);
      assert.equal(tellsTheTruth(scene, journal, "alone"), 0);
      const crowd = new Crowd(scene);
      crowd.growTo(roomFor(scene, 3000));
      scene.objects.send(far);
      assert.equal(tellsTheTruth(scene, journal, "beside thousands"), READ);
      crowd.disperse();
      assert.equal(tellsTheTruth(scene, journal, "when they were gone", READ), READ);
      scene.objects.drain(near);
      assert.equal(tellsTheTruth(scene, journal, "drained", READ), 0);
    });
  });
}

/** All become ready, are told of, and are drained. */
function comeAndGo(scene: Scene, crowd: Crowd, when: string): void {
  scene.turns();
  assert.deepEqual({ when, ...crowd.take() }, { when, called: 0, most: 0 });
  crowd.happen();
  everyTurn(scene, crowd, when);
  crowd.drain();
  scene.turns(GRACE);
  crowd.take();
  scene.turns(2);
  sleeps(scene, `${when}, drained`);
  assert.deepEqual({ when, ...crowd.take() }, { when, called: 0, most: 0 });
}

/** Checks that within a few turns one calls every watcher, and from then on each of them does. */
function everyTurn(scene: Scene, crowd: Crowd, when: string, all = crowd.watchers.length): void {
  let called = 0;
  for (let turn = 0; turn < FEW_TURNS && called < all; turn++) {
    scene.turns();
    ({ called } = crowd.take());
  }
  for (let turn = 0; turn < 2; turn++) {
    scene.turns();
    assert.deepEqual({ when, ...crowd.take() }, { when, called: all, most: 1 });
  }
}
