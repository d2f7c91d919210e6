import assert from "node:assert/strict";
import * as sys from "@polyloop/sys";
import { FAILED, READ, WRITE } from "../../src/events.js";
import { roomFor } from "../descriptor-room.js";
import type { Scene } from "../scene.js";
import { hearsNothing, isCalled, sleeps, tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

const MILLION = 1_000_000;
/** What tables may take for one number, however high: pages and the list of them. A table of a million takes more. */
const FEW_BYTES = 1_500_000;

/** Numbers that stand for no open file, that can be none, and that are high. */
export function numbersChapter(suite: Suite): void {
  suite.describe("numbers that are not open", () => {
    suite.it("fail with EBADF, once, by a callback and not by an exception", (scene) => {
      const journal = scene.watch(scene.objects.closedNumber(), READ);
      scene.turns(3);
      assert.equal(scene.loop.run("nowait"), false, "whether something is left to wait for");
      assert.deepEqual(journal.calls, [FAILED | READ | WRITE]);
      assert.equal(journal.watcher.error?.code, "EBADF");
      assert.equal(journal.watcher.active, false);
    });

    suite.it("fail again when they are watched again", (scene) => {
      const journal = scene.watch(scene.objects.closedNumber(), READ);
      for (let count = 1; count <= 3; count++) {
        scene.turns(3);
        assert.deepEqual(journal.calls.splice(0), [FAILED | READ | WRITE], `time ${String(count)}`);
        journal.watcher.start();
      }
    });

    suite.it("do not affect others that are told of in the same turn", (scene) => {
      const { objects } = scene;
      const goodOnes = Array.from({ length: 5 }, () => objects.eventfd(1));
      const closed = objects.closedNumber();
      const good = goodOnes.map((fd, index) => {
        scene.watch(closed - index, index % 2 === 0 ? READ : WRITE);
        return scene.watch(fd, READ);
      });
      scene.until(() => good.every(({ calls }) => calls.length > 0), "the open descriptors");
      for (const journal of good) assert.equal(tellsTheTruth(scene, journal, "beside numbers that are not open"), READ);
      for (const fd of goodOnes) objects.drain(fd);
      scene.turns(2);
      sleeps(scene, "all failed or drained");
      scene.loop.verify();
    });

    suite.it("can be watched once they are open", (scene) => {
      const { objects } = scene;
      const makeRoom = objects.roomBelow();
      const [near, far] = objects.streamPair();
      const number = objects.dup(near);
      objects.close(number);
      makeRoom();
      const journal = scene.watch(number, READ);
      scene.until(() => !journal.watcher.active, "it fails");
      objects.moveTo(near, number);
      journal.watcher.start();
      objects.send(far);
      journal.calls.length = 0;
      assert.equal(tellsTheTruth(scene, journal, "it is open"), READ);
    });
  });

  suite.describe("what can be no descriptor", () => {
    suite.it("is refused by io(), with a LoopError, and leaves the loop as it was", (scene) => {
      const limit = sys.descriptorLimit();
      const fine = scene.watch(scene.objects.eventfd(1), READ);
      for (const [fd, code] of [
        [-1, "EBADF"],
        [-(2 ** 31), "EBADF"],
        [limit, "EBADF"],
        [2 ** 31, "EBADF"],
        [2 ** 53, "EBADF"],
        [1.5, "ERR_INVALID_ARG_TYPE"],
        [Number.NaN, "ERR_INVALID_ARG_TYPE"],
        [Number.POSITIVE_INFINITY, "ERR_INVALID_ARG_TYPE"],
        ["3", "ERR_INVALID_ARG_TYPE"],
        [3n, "ERR_INVALID_ARG_TYPE"],
        [null, "ERR_INVALID_ARG_TYPE"],
        [undefined, "ERR_INVALID_ARG_TYPE"],
      ] as const) {
        assert.throws(() => scene.watch(fd as number, READ), { name: "LoopError", code }, String(fd));
      }
      assert.equal(tellsTheTruth(scene, fine, "after all were refused"), READ);
    });
  });

  suite.describe("high numbers", () => {
    suite.it("are watched like low ones", (scene) => {
      const { objects } = scene;
      const [near, far] = objects.streamPair();
      const journal = watchHigh(scene, near);
      assert.equal(tellsTheTruth(scene, journal, "at first"), 0);
      objects.send(far);
      assert.equal(tellsTheTruth(scene, journal, "a byte came"), READ);
      const low = scene.watch(near, READ);
      assert.equal(tellsTheTruth(scene, low, "the low number is watched, too"), READ);
      objects.drain(near);
      assert.equal(tellsTheTruth(scene, journal, "it was read", READ), 0);
      objects.send(far);
      isCalled(scene, journal, "another byte came");
      journal.watcher.stop();
      low.watcher.stop();
      hearsNothing(scene, journal, "stopped");
    });

    suite.it("fail like low ones if they are not open, and cost no table of their height", (scene) => {
      const bare = scene.bare();
      bare.want(scene.objects.eventfd(1), READ);
      assert.equal(bare.poll().length, 1);
      const before = bytesInUse();
      bare.want(MILLION, READ);
      const lines = [...bare.poll(), ...bare.poll()].filter((line) => line.includes(String(MILLION)));
      const taken = bytesInUse() - before;
      assert.deepEqual(lines, [`${String(MILLION)} failed 9`]);
      assert.ok(taken < FEW_BYTES, `one descriptor of a high number took ${String(taken)} bytes`);
    });
  });
}

/** Watches a file under as high a number as can be had, at most a million. */
function watchHigh(scene: Scene, fd: number): ReturnType<Scene["watch"]> {
  const dups: number[] = [];
  scene.onEnd(() => {
    for (const dup of dups) sys.close(dup);
  });
  for (let room = roomFor(scene, MILLION); room > 0; room--) {
    const got = sys.dup(fd);
    assert.ok(got >= 0, `dup: ${sys.errnoName(got)}`);
    dups.push(got);
    if (got >= MILLION) break;
  }
  return scene.watch(dups.at(-1) as number, READ);
}

/** JavaScript's memory. What native code takes does not show here. */
function bytesInUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
