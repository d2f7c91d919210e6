import assert from "node:assert/strict";
import { FAILED, PRIORITY, READ, WRITE } from "../../src/events.js";
import { requireClaim } from "../claims.js";
import type { KernelObjects } from "../kernel-objects.js";
import type { Journal } from "../scene.js";
import { allAreTold, hearsNothing, isCalled, sleeps, tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

/** Files that are ready whenever they are asked, and that some kernel interfaces refuse to watch. */
const ALWAYS_READY: readonly (readonly [name: string, open: (objects: KernelObjects) => number])[] = [
  ["a regular file", (objects) => objects.file()],
  ["a directory", (objects) => objects.directory()],
  ["/dev/null", (objects) => objects.devNull()],
];

/** Turns after which a backend must have looked whether an always-ready file is one still: nothing tells it. */
const IN_TIME = 1000;

/** Regular files and their like, beside descriptors that can be waited for. */
export function alwaysReadyChapter(suite: Suite): void {
  suite.describe("always-ready descriptors", () => {
    for (const [name, open] of ALWAYS_READY) {
      suite.it(`end every wait: ${name}`, (scene) => {
        const reading = scene.watch(open(scene.objects), READ);
        const writing = scene.watch(open(scene.objects), WRITE);
        for (let count = 1; count <= 40; count++) {
          scene.untilWoken(
            () => reading.calls.length >= count && writing.calls.length >= count,
            `${name}, call ${String(count)}`,
          );
        }
        assert.equal(reading.seen, READ);
        assert.equal(writing.seen, WRITE);
      });

      suite.it(`cost nothing once they are stopped: ${name}`, (scene) => {
        const journal = scene.watch(open(scene.objects), READ | WRITE);
        for (const round of ["first", "second"]) {
          assert.equal(tellsTheTruth(scene, journal, `${round} round`), READ | WRITE);
          journal.watcher.stop();
          hearsNothing(scene, journal, `stopped, ${round} round`);
          sleeps(scene, `stopped, ${round} round`, 10);
          journal.watcher.start();
        }
        journal.watcher.modify(0);
        hearsNothing(scene, journal, "of interest for nobody");
      });

      suite.it(`end no wait when only PRIORITY is wanted: ${name}`, (scene) => {
        requireClaim(scene, "priority");
        const journal = scene.watch(open(scene.objects), PRIORITY);
        hearsNothing(scene, journal, "PRIORITY is wanted");
        sleeps(scene, "PRIORITY is wanted", 10);
        journal.watcher.modify(PRIORITY | READ);
        assert.equal(tellsTheTruth(scene, journal, "READ is wanted, too"), READ);
        journal.watcher.modify(PRIORITY);
        hearsNothing(scene, journal, "only PRIORITY is wanted again");
        sleeps(scene, "only PRIORITY is wanted again", 10);
      });

      suite.it(`are told each watcher in the bits it asked for: ${name}`, (scene) => {
        const fd = open(scene.objects);
        const reading = scene.watch(fd, READ);
        const nothing = scene.watch(fd, 0);
        assert.equal(tellsTheTruth(scene, reading, "READ is watched"), READ);
        const writing = scene.watch(fd, WRITE);
        assert.equal(tellsTheTruth(scene, writing, "WRITE is watched, too"), WRITE);
        assert.equal(tellsTheTruth(scene, reading, "WRITE is watched, too"), READ);
        reading.watcher.stop();
        assert.equal(tellsTheTruth(scene, writing, "only WRITE is watched"), WRITE);
        assert.equal(nothing.calls.length, 0);
      });
    }

    suite.it("end the wait of the turn they are started in, whatever else is watched anew in it", (scene) => {
      const { objects } = scene;
      // What is said of a number that went to another file may be refused, and has to be said in another way.
      const [old] = objects.pipe();
      const [reader] = objects.pipe();
      const before = scene.watch(old, READ);
      scene.turns();
      before.watcher.stop();
      objects.close(old);
      objects.moveTo(reader, old);
      const files = ALWAYS_READY.map(([, open]) => scene.watch(open(objects), READ));
      scene.watch(old, READ);
      scene.untilWoken(
        () => files.every(({ calls }) => calls.length > 0),
        "always-ready files beside a number that was reused",
      );
    });

    suite.it("do not keep what happens to others from being told in the same turn", (scene) => {
      const files = ALWAYS_READY.map(([, open]) => scene.watch(open(scene.objects), READ));
      const [reader, writer] = scene.objects.pipe();
      const pipe = scene.watch(reader, READ);
      scene.turns(3);
      for (const round of ["first", "second"]) {
        pipe.calls.length = 0;
        scene.objects.send(writer);
        isCalled(scene, pipe, `the pipe, ${round} round`);
        allAreTold(scene, [pipe, ...files], READ, `the pipe is ready, ${round} round`);
        scene.objects.drain(reader);
        scene.turns(2);
        pipe.calls.length = 0;
        allAreTold(scene, files, READ, `the pipe was drained, ${round} round`);
        assert.equal(pipe.calls.length, 0, `calls for the pipe once it was drained, ${round} round`);
      }
    });

    suite.it("do not keep a stopped or drained neighbour from being quiet", (scene) => {
      const [reader, writer] = scene.objects.pipe();
      const pipe = scene.watch(reader, READ);
      const file = scene.watch(scene.objects.file(), READ);
      scene.objects.send(writer);
      isCalled(scene, pipe, "the pipe");
      pipe.watcher.stop();
      allAreTold(scene, [file], READ, "the pipe was stopped");
      assert.equal(pipe.calls.length, 0);
      file.watcher.stop();
      sleeps(scene, "both stopped", 10);
    });

    suite.it("fail in time when they are closed while they are watched, and only they", (scene) => {
      const makeRoom = scene.objects.roomBelow();
      const [closed, ...others] = ALWAYS_READY.map(([, open]) => scene.watch(open(scene.objects), READ)) as [
        Journal,
        ...Journal[],
      ];
      scene.turns(2);
      scene.objects.close(closed.watcher.fd);
      makeRoom();
      for (let turn = 0; turn < IN_TIME && closed.watcher.active; turn++) scene.turns();
      assert.equal(closed.calls.at(-1), FAILED | READ | WRITE, `the last it was told in ${String(IN_TIME)} turns`);
      assert.equal(closed.watcher.error?.code, "EBADF");
      allAreTold(scene, others, READ, "one of them failed");
    });

    suite.it("are in time no longer taken for ready when their number went to something that is not", (scene) => {
      const [reader, writer] = scene.objects.pipe();
      const fd = scene.objects.file();
      const journal = scene.watch(fd, READ);
      scene.turns(2);
      // Without stopping the watcher, which a program should do.
      scene.objects.close(fd);
      scene.objects.moveTo(reader, fd);
      let quiet = 0;
      for (let turn = 0; turn < IN_TIME && quiet < 50; turn++) {
        scene.turns();
        quiet = journal.take().length === 0 ? quiet + 1 : 0;
      }
      assert.equal(quiet, 50, `turns without a call, of ${String(IN_TIME)}`);
      scene.objects.send(writer);
      assert.equal(tellsTheTruth(scene, journal, "the pipe that took the number"), READ);
    });
  });
}
