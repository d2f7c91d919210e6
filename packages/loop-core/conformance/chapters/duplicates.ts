import assert from "node:assert/strict";
import { READ, WRITE } from "../../src/events.js";
import type { Journal } from "../scene.js";
import { allAreTold, FEW_TURNS, hearsNothing, tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

/** One file under several numbers. */
export function duplicatesChapter(suite: Suite): void {
  suite.describe("two numbers of one file", () => {
    suite.it("are watched independently of each other", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const copy = scene.objects.dup(near);
      const reading = scene.watch(near, READ);
      const writing = scene.watch(copy, WRITE);
      assert.equal(tellsTheTruth(scene, writing, "one for READ, one for WRITE"), WRITE);
      assert.deepEqual(reading.take(), []);
      scene.objects.send(far);
      assert.equal(tellsTheTruth(scene, reading, "a byte came"), READ);
      writing.watcher.modify(READ);
      assert.equal(tellsTheTruth(scene, writing, "both for READ", WRITE), READ);
      reading.watcher.stop();
      reading.calls.length = 0;
      assert.equal(tellsTheTruth(scene, writing, "the first stopped", READ), READ);
      assert.deepEqual(reading.take(), []);
    });

    suite.it("do not affect each other when one is stopped and closed", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const copies = [near, scene.objects.dup(near), scene.objects.dup(near)];
      const journals = copies.map((fd) => scene.watch(fd, READ));
      scene.turns();
      scene.objects.send(far);
      for (const [index, fd] of copies.entries()) {
        allAreTold(scene, journals.slice(index), READ, `${String(index)} of three closed`);
        journals[index]?.watcher.stop();
        scene.objects.close(fd);
        for (const { calls } of journals) calls.length = 0;
      }
      hearsNothing(scene, journals[0] as Journal, "all closed");
    });

    suite.it("and one number in two loops are watched independently of each other", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const journal = scene.watch(near, READ);
      const calls: number[] = [];
      const other = scene.newLoop();
      const watcher = other.io(near, READ, (_watcher, events) => calls.push(events));
      scene.objects.send(far);
      assert.equal(tellsTheTruth(scene, journal, "watched in two loops"), READ);
      assert.deepEqual(calls, [], "calls in the loop that was not turned");
      for (let turn = 0; turn < FEW_TURNS && calls.length === 0; turn++) other.run("nowait");
      assert.deepEqual(calls, [READ], "calls in the other loop");
      watcher.stop();
      other.run("nowait");
      assert.equal(tellsTheTruth(scene, journal, "stopped in the other loop", READ), READ);
      other.close();
      assert.equal(tellsTheTruth(scene, journal, "the other loop is closed", READ), READ);
    });
  });
}
