import assert from "node:assert/strict";
import { describeEvents, type Interest, READ, WRITE } from "../../src/events.js";
import { roomFor } from "../descriptor-room.js";
import { AFTER_FIRST_CHILD } from "../kernel-objects.js";
import type { Journal } from "../scene.js";
import { allAreTold, GRACE, hearsNothing, tellsTheTruth } from "../steady.js";
import { SUBJECTS } from "../subjects.js";
import type { Suite } from "../suite.js";

/** Level-triggered delivery, to one watcher of a descriptor and to several. */
export function levelChapter(suite: Suite): void {
  suite.describe("level-triggered readiness", () => {
    suite.it("is told within two turns", (scene) => {
      for (const fd of [scene.objects.pipe()[1], scene.objects.eventfd(1), scene.objects.streamPair()[0]]) {
        const journal = scene.watch(fd, WRITE);
        scene.turns(GRACE);
        assert.notEqual(journal.calls.length, 0, `descriptor ${String(fd)}`);
        journal.watcher.stop();
      }
    });

    suite.it("is told in every turn until the last byte is read, and then no more", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const journal = scene.watch(near, READ);
      scene.turns();
      for (let count = 0; count < 3; count++) scene.objects.send(far);
      for (const left of ["three", "two", "one"]) {
        assert.equal(tellsTheTruth(scene, journal, `${left} bytes were there`, READ), READ);
        scene.objects.receive(near);
      }
      assert.equal(tellsTheTruth(scene, journal, "no byte was there", READ), 0);
    });

    suite.it("is told in every turn to a callback that reads one byte at a time", (scene) => {
      const [near, far] = scene.objects.streamPair();
      for (let count = 0; count < 5; count++) scene.objects.send(far);
      const journal = scene.watch(near, READ, () => {
        // Readiness is a hint: the last call may come when nothing is left.
        if (scene.objects.readiness(near, READ) !== 0) scene.objects.receive(near);
      });
      scene.turns(5 + GRACE);
      assert.equal(scene.objects.readiness(near, READ), 0, "something is left unread");
      scene.turns(GRACE);
      journal.calls.length = 0;
      hearsNothing(scene, journal, "all was read");
    });

    for (const [name, open] of SUBJECTS) {
      suite.it(`ends a wait when it comes while the loop sleeps: ${name}`, (scene) => {
        const { fd, source } = open(scene.objects);
        const journal = scene.watch(fd, READ);
        scene.turns();
        journal.calls.length = 0;
        if (source !== undefined) scene.objects.writeLater(source, 15);
        scene.ignoreDescriptors(AFTER_FIRST_CHILD);
        scene.untilWoken(() => journal.calls.length > 0, `${name} that becomes ready during the wait`);
        assert.deepEqual(journal.take(), ["READ"]);
      });
    }

    suite.it("of every descriptor that is ready is told in every turn", (scene) => {
      const journals = Array.from({ length: 40 }, () => scene.watch(scene.objects.eventfd(1), READ));
      allAreTold(scene, journals, READ, "40 counters");
    });

    suite.it("ends the waits until each of many was told, though whoever was told is ready no more", (scene) => {
      const fds = Array.from({ length: roomFor(scene, 300) }, () => scene.objects.eventfd());
      const left = new Set(fds);
      for (const fd of fds) {
        scene.watch(fd, READ, () => {
          if (scene.objects.drain(fd) > 0) left.delete(fd);
        });
      }
      scene.turns();
      for (const fd of fds) scene.objects.count(fd);
      scene.untilWoken(() => left.size === 0, "the last of the counters that became readable together");
    });

    suite.it("of descriptors of every kind is told side by side", (scene) => {
      const ready = SUBJECTS.map(([name, open]) => {
        const subject = open(scene.objects);
        return { name, ...subject, journal: scene.watch(subject.fd, READ) };
      });
      scene.turns();
      for (const { fd, happen } of ready) happen(fd);
      // The last one is always ready.
      for (let first = ready[0]; first?.source !== undefined; first = ready[0]) {
        const journals = ready.map(({ journal }) => journal);
        allAreTold(scene, journals, READ, `from ${first.name} on all are ready`);
        ready.shift();
        scene.objects.drain(first.fd);
        scene.turns(GRACE);
        first.journal.calls.length = 0;
        allAreTold(scene, journals.slice(1), READ, `${first.name} was drained`);
        assert.deepEqual(first.journal.take(), [], `calls for ${first.name} that was drained`);
      }
      assert.equal(ready.length, 1);
    });
  });

  suite.describe("several watchers of one descriptor", () => {
    suite.it("are called in the order they were started, each with the bits it asked for", (scene) => {
      const [near, far] = scene.objects.streamPair();
      scene.objects.send(far);
      const order: string[] = [];
      const note = ({ watcher }: Journal, got: number): void => {
        order.push(`${describeEvents(watcher.events)}: ${describeEvents(got)}`);
      };
      const first = scene.watch(near, WRITE, note);
      const rest = ([0, READ, READ | WRITE] satisfies Interest[]).map((interest) => scene.watch(near, interest, note));
      const expect = (expected: readonly string[]): void => {
        scene.until(() => order.length > 0, "a socket that can be read and written");
        for (let turn = 0; turn < 3; turn++) {
          order.length = 0;
          scene.turns();
          assert.deepEqual(order, expected);
        }
        order.length = 0;
      };
      expect(["WRITE: WRITE", "READ: READ", "READ|WRITE: READ|WRITE"]);
      first.watcher.stop();
      first.watcher.start();
      expect(["READ: READ", "READ|WRITE: READ|WRITE", "WRITE: WRITE"]);
      scene.objects.close(far);
      scene.turns(GRACE);
      expect(["READ: READ|HANGUP", "READ|WRITE: READ|WRITE|HANGUP", "WRITE: WRITE|HANGUP"]);
      assert.equal(rest[0]?.calls.length, 0, "calls of the watcher that asked for nothing");
    });

    suite.it("go on when one of them stops, and get what another adds", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const reading = scene.watch(near, READ);
      const writing = scene.watch(near, WRITE);
      assert.equal(tellsTheTruth(scene, writing, "both watch"), WRITE);
      writing.watcher.stop();
      tellsTheTruth(scene, reading, "only READ is watched");
      scene.objects.send(far);
      assert.equal(tellsTheTruth(scene, reading, "a byte came"), READ);
      writing.watcher.start();
      tellsTheTruth(scene, writing, "WRITE is watched again");
      assert.equal(tellsTheTruth(scene, reading, "WRITE is watched again", READ), READ);
      reading.watcher.stop();
      assert.equal(tellsTheTruth(scene, writing, "only WRITE is watched", WRITE), WRITE);
    });
  });
}
