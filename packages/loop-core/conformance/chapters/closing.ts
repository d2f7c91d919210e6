import assert from "node:assert/strict";
import * as sys from "@polyloop/sys";
import { ERROR, type Events, FAILED, HANGUP, type Interest, READ, WRITE } from "../../src/events.js";
import type { KernelObjects, Pair } from "../kernel-objects.js";
import type { Journal, Scene } from "../scene.js";
import { hearsNothing, isCalled, sleeps, tellsTheTruth } from "../steady.js";
import { SUBJECTS } from "../subjects.js";
import type { Suite } from "../suite.js";

/** Something with another side: who watches what, and how the other side sees that it is over. */
interface Connection {
  readonly name: string;
  readonly open: (objects: KernelObjects) => Pair;
  readonly interest: Interest;
  /** What poll(2) says of the other side then. */
  readonly end: Events;
}

const CONNECTIONS: readonly Connection[] = [
  { name: "the read end of a pipe", open: (objects) => objects.pipe(), interest: READ, end: ERROR },
  { name: "the write end of a pipe", open: (objects) => reversed(objects.pipe()), interest: WRITE, end: HANGUP },
  { name: "a socket", open: (objects) => objects.streamPair(), interest: READ, end: HANGUP },
  { name: "a socket that is ready", open: (objects) => objects.streamPair(), interest: READ | WRITE, end: HANGUP },
  { name: "a TCP connection", open: (objects) => objects.tcpPair(), interest: READ, end: READ },
  { name: "the master of a pty", open: (objects) => objects.pty(), interest: READ, end: HANGUP },
  { name: "the slave of a pty", open: (objects) => reversed(objects.pty()), interest: READ, end: HANGUP },
];

/** What a program may do, stop and then close, and what becomes of it if it does otherwise. */
export function closingChapter(suite: Suite): void {
  suite.describe("stop, then close", () => {
    for (const connection of CONNECTIONS) {
      suite.it(`really closes no later than with the next turn: ${connection.name}`, (scene) => {
        for (const edge of [false, true]) {
          for (const turns of [0, 1, 3]) {
            const [near, far] = connection.open(scene.objects);
            const { watcher } = scene.watch(near, connection.interest, undefined, { edge });
            scene.turns(turns);
            watcher.stop();
            scene.objects.close(near);
            scene.turns();
            seesTheEnd(scene, far, connection.end, `${String(turns)} turns, edge ${String(edge)}`);
          }
        }
      });
    }

    suite.it("really closes when a callback does it, no later than with the next turn", (scene) => {
      const [near, far] = scene.objects.streamPair();
      const journal = scene.watch(near, READ, ({ watcher }) => {
        watcher.stop();
        scene.objects.close(near);
      });
      scene.objects.send(far);
      scene.until(() => journal.calls.length > 0, "the callback");
      scene.turns();
      seesTheEnd(scene, far, HANGUP, "closed by a callback");
    });

    suite.it("lets a writer know that nobody reads any more (EPIPE)", (scene) => {
      const [reader, writer] = scene.objects.pipe();
      const { watcher } = scene.watch(reader, READ);
      scene.turns();
      watcher.stop();
      scene.objects.close(reader);
      scene.turns();
      const byte = new Uint8Array(1);
      scene.untilOutside(() => sys.errnoName(Math.min(sys.write(writer, byte), 0)) === "EPIPE", "EPIPE");
    });
  });

  suite.describe("a stopped descriptor", () => {
    for (const [name, open] of SUBJECTS) {
      suite.it(`costs nothing and is not reported, ready as it is: ${name}`, (scene) => {
        const subject = open(scene.objects);
        const journal = scene.watch(subject.fd, READ);
        scene.turns();
        subject.happen(subject.fd);
        isCalled(scene, journal, "ready");
        journal.watcher.stop();
        for (let turn = 0; turn < 3; turn++) {
          scene.turns();
          const reported = scene.backend.reports.filter(({ fd }) => fd === subject.fd);
          assert.deepEqual(reported, [], "what the backend reported of it");
        }
        sleeps(scene, "stopped", 15);
        assert.deepEqual(journal.take(), []);
        // It can be watched again, and what is there is told.
        journal.watcher.start();
        assert.equal(tellsTheTruth(scene, journal, "started again"), READ);
      });
    }

    suite.it("costs nothing when it hung up", (scene) => {
      const [reader, writer] = scene.objects.pipe();
      const journal = scene.watch(reader, READ);
      scene.objects.close(writer);
      isCalled(scene, journal, "hung up");
      journal.watcher.stop();
      hearsNothing(scene, journal, "stopped");
      sleeps(scene, "stopped", 15);
    });
  });

  suite.describe("a descriptor that is closed while it is watched", () => {
    suite.it("fails all its watchers, each once and with EBADF, when another is started on it", (scene) => {
      for (const [name, open] of SUBJECTS) {
        const makeRoom = scene.objects.roomBelow();
        const { fd } = open(scene.objects);
        const beside = scene.watch(scene.objects.eventfd(1), READ);
        const journals = [scene.watch(fd, READ), scene.watch(fd, WRITE), scene.watch(fd, READ | WRITE)];
        scene.turns(2);
        scene.objects.close(fd);
        makeRoom();
        for (const { calls } of journals) calls.length = 0;
        journals.push(scene.watch(fd, READ));
        scene.until(() => journals.every(({ watcher }) => !watcher.active), `${name}: every watcher stops`);
        scene.turns(3);
        for (const journal of journals) failedOnce(journal, name);
        isCalled(scene, beside, `${name}: another descriptor`);
        beside.watcher.stop();
        sleeps(scene, `${name}: failed`);
      }
    });

    suite.it("fails, and its number can be watched again once it is open again", (scene) => {
      const makeRoom = scene.objects.roomBelow();
      const [reader] = scene.objects.pipe();
      const [another, writer] = scene.objects.pipe();
      const journal = scene.watch(reader, READ);
      scene.turns();
      scene.objects.close(reader);
      makeRoom();
      journal.watcher.modify(READ | WRITE);
      scene.until(() => !journal.watcher.active, "the watcher stops");
      failedOnce(journal, "closed");
      scene.objects.moveTo(another, reader);
      journal.calls.length = 0;
      journal.watcher.start();
      assert.equal(tellsTheTruth(scene, journal, "open again"), 0);
      scene.objects.send(writer);
      assert.equal(tellsTheTruth(scene, journal, "open again and written to"), READ);
      assert.equal(journal.watcher.error, undefined);
    });

    suite.it("and is kept alive by a dup, ready, does not keep the loop busy once the watcher is stopped", (scene) => {
      for (const turns of [0, 1, 3]) {
        const [reader, writer] = scene.objects.pipe();
        const journal = scene.watch(reader, READ);
        scene.turns();
        const copy = scene.objects.dup(reader);
        scene.objects.close(reader);
        scene.objects.send(writer);
        // What comes until now is the program's own fault.
        scene.turns(turns);
        journal.watcher.stop();
        journal.calls.length = 0;
        hearsNothing(scene, journal, `stopped after ${String(turns)} turns`);
        sleeps(scene, `stopped after ${String(turns)} turns`, 15);
        scene.objects.send(writer);
        sleeps(scene, "one more byte", 15);
        assert.equal(tellsTheTruth(scene, scene.watch(copy, READ), "the dup is watched"), READ);
        scene.objects.drain(copy);
      }
    });

    suite.it("and is kept alive by a dup, ready, is never told to a watcher started on the reused number", (scene) => {
      for (const stopFirst of [false, true]) {
        const { objects } = scene;
        const makeRoom = objects.roomBelow();
        const [reader, writer] = objects.pipe();
        const [another, anotherWriter] = objects.pipe();
        const old = scene.watch(reader, READ);
        scene.turns();
        objects.dup(reader);
        objects.close(reader);
        makeRoom();
        objects.send(writer);
        scene.turns(2);
        objects.moveTo(another, reader);
        // One that was not stopped goes on with the new file by set(), if the backend has not noticed and failed it.
        if (stopFirst) old.watcher.stop();
        old.watcher.set(reader, READ);
        if (!stopFirst) old.watcher.start();
        const journal = stopFirst ? scene.watch(reader, READ) : old;
        old.calls.length = 0;
        hearsNothing(scene, journal, "the new file");
        objects.send(writer);
        hearsNothing(scene, journal, "the new file, while the old one goes on");
        objects.send(anotherWriter);
        assert.equal(tellsTheTruth(scene, journal, "the new file is ready"), READ);
        journal.watcher.stop();
      }
    });
  });
}

function reversed([near, far]: Pair): Pair {
  return [far, near];
}

/** Checks that the other side sees the end; the kernel may take its time, the loop need not do anything more. */
function seesTheEnd(scene: Scene, far: number, end: Events, when: string): void {
  scene.untilOutside(
    () => (scene.objects.readiness(far, READ | WRITE) & end) === end,
    `${when}: the other side sees the end of the stream`,
  );
}

/** Checks that a watcher was told once that its descriptor failed, and why. */
function failedOnce({ calls, watcher }: Journal, when: string): void {
  assert.deepEqual({ when, calls }, { when, calls: [FAILED | READ | WRITE] });
  assert.equal(watcher.error?.code, "EBADF", when);
  assert.equal(watcher.active, false, when);
}
