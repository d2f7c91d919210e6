import assert from "node:assert/strict";
import { READ } from "../../src/events.js";
import type { Scene } from "../scene.js";
import { hearsNothing, isCalled, tellsTheTruth } from "../steady.js";
import { SUBJECTS, type Subject } from "../subjects.js";
import type { Suite } from "../suite.js";

/** How one file takes the place of another. */
interface Way {
  /** When the old file becomes readable, "after" its number was given to the new one. */
  readonly ready: "and told" | "and not yet told" | "after" | "never";
  /** Whether a dup keeps the old file alive. */
  readonly kept: boolean;
  /** How many turns the number stands for no file between. */
  readonly gap: number;
}

const WAYS: readonly Way[] = (["and told", "and not yet told", "after", "never"] as const).flatMap((ready) => [
  // Nothing is left that could become ready.
  ...(ready === "after" ? [] : [{ ready, kept: false, gap: 0 }]),
  { ready, kept: true, gap: 0 },
  { ready, kept: true, gap: 1 },
]);

/** A watcher hears of the file it was started on, whatever else had its number, and whatever keeps that alive. */
export function identityChapter(suite: Suite): void {
  suite.describe("identity", () => {
    for (const [oldName, openOld] of SUBJECTS) {
      suite.it(
        `never delivers an event of ${oldName} to a watcher started on its number, whatever file took that`,
        (scene) => {
          for (const [newName, openNew] of SUBJECTS) {
            for (const way of WAYS) {
              const makeRoom = scene.objects.roomBelow();
              const when = `${oldName}, then ${newName}, ${JSON.stringify(way)}`;
              replace(scene, openOld(scene.objects), openNew(scene.objects), way, makeRoom, when);
              scene.objects.end();
            }
          }
          scene.loop.verify();
        },
      );
    }

    suite.it("never delivers an event of a file that was watched and replaced without a turn between", (scene) => {
      const { objects } = scene;
      for (const [name, open] of SUBJECTS) {
        const old = open(objects);
        const fresh = objects.pipe();
        old.happen(old.fd);
        const copy = objects.dup(old.fd);
        scene.watch(old.fd, READ).watcher.stop();
        objects.close(old.fd);
        objects.moveTo(fresh[0], old.fd);
        const journal = scene.watch(old.fd, READ);
        hearsNothing(scene, journal, `${name}, then a pipe`);
        objects.send(fresh[1]);
        assert.equal(tellsTheTruth(scene, journal, `${name}, then a pipe that is written to`), READ);
        journal.watcher.stop();
        objects.close(copy);
      }
    });

    suite.it("holds for a file that comes back under the number it had", (scene) => {
      const { objects } = scene;
      for (const [name, open] of SUBJECTS) {
        const makeRoom = objects.roomBelow();
        const { fd, happen } = open(objects);
        const copy = objects.dup(fd);
        const journal = scene.watch(fd, READ);
        scene.turns();
        journal.watcher.stop();
        objects.close(fd);
        makeRoom();
        scene.turns(2);
        objects.moveTo(copy, fd);
        journal.watcher.start();
        journal.calls.length = 0;
        tellsTheTruth(scene, journal, `${name} came back`);
        happen(fd);
        assert.equal(tellsTheTruth(scene, journal, `${name} came back and became ready`), READ);
        journal.watcher.stop();
      }
    });

    suite.it("survives a number that goes through many files, with and without a turn for each", (scene) => {
      const { objects } = scene;
      const [number, firstWriter] = objects.pipe();
      let writer = firstWriter;
      let journal = scene.watch(number, READ);
      for (let life = 0; life < 60; life++) {
        if (life % 3 === 0) objects.send(writer);
        scene.turns(life % 4);
        journal.watcher.stop();
        const [reader, nextWriter] = objects.pipe();
        const copy = objects.dup(number);
        objects.close(number);
        objects.moveTo(reader, number);
        writer = nextWriter;
        const before = journal.calls.length;
        const previous = journal;
        journal = scene.watch(number, READ);
        scene.turns(life % 2);
        assert.equal(journal.calls.length, 0, `life ${String(life)}: calls for a file that is not ready`);
        assert.equal(previous.calls.length, before, `life ${String(life)}: calls of a stopped watcher`);
        if (life % 5 === 0) objects.close(copy);
      }
      hearsNothing(scene, journal, "the last file");
      objects.send(writer);
      assert.equal(tellsTheTruth(scene, journal, "the last file, written to"), READ);
    });
  });

  suite.describe("identity within a turn", () => {
    for (const [name, open] of SUBJECTS) {
      suite.it(`never delivers an event of ${name}, ready in the same turn, that a callback replaced`, (scene) => {
        for (const keep of [false, true]) replaceInCallback(scene, () => open(scene.objects), keep, name);
      });
    }

    suite.it(
      "never calls a watcher that a callback stopped, though its descriptor was ready in the same turn",
      (scene) => {
        const journals = Array.from({ length: 10 }, () =>
          scene.watch(scene.objects.eventfd(1), READ, (self) => {
            for (const other of journals) if (other !== self) other.watcher.stop();
          }),
        );
        scene.until(() => journals.some(({ calls }) => calls.length > 0), "one of ten counters");
        scene.turns(3);
        assert.equal(journals.filter(({ calls }) => calls.length > 0).length, 1);
      },
    );
  });
}

/** Watches one file, gives its number to another, and looks at whose events come. */
function replace(scene: Scene, old: Subject, fresh: Subject, way: Way, makeRoom: () => void, when: string): void {
  const { objects } = scene;
  const number = old.fd;
  const before = scene.watch(number, READ);
  scene.turns();
  if (way.ready === "and told" || way.ready === "and not yet told") old.happen(number);
  if (way.ready === "and told") isCalled(scene, before, when);
  const copy = way.kept ? objects.dup(number) : undefined;
  before.watcher.stop();
  before.calls.length = 0;
  objects.close(number);
  makeRoom();
  scene.turns(way.gap);
  objects.moveTo(fresh.fd, number);
  const after = scene.watch(number, READ);
  if (way.ready === "after" && copy !== undefined) old.happen(copy);
  tellsTheTruth(scene, after, when);
  fresh.happen(number);
  assert.equal(tellsTheTruth(scene, after, `${when}; the new file became ready`), READ);
  after.watcher.stop();
  assert.deepEqual(before.take(), [], `${when}: calls of the stopped watcher`);
}

/** Two files are ready; whichever callback runs first replaces the other file by a pipe and watches that. */
function replaceInCallback(scene: Scene, open: () => Subject, keep: boolean, name: string): void {
  const { objects } = scene;
  const subjects = [open(), open()];
  const [reader, writer] = objects.pipe();
  let taken: number | undefined;
  const journals = subjects.map(({ fd }, index) =>
    scene.watch(fd, READ, () => {
      if (taken !== undefined) return;
      taken = (subjects[1 - index] as Subject).fd;
      journals[1 - index]?.watcher.stop();
      if (keep) objects.dup(taken);
      objects.close(taken);
      objects.moveTo(reader, taken);
      after.watcher.set(taken, READ);
      after.watcher.start();
    }),
  );
  const after = scene.watch(reader, READ, undefined, { start: false });
  scene.turns();
  for (const { fd, happen } of subjects) if (fd !== taken) happen(fd);
  scene.until(() => taken !== undefined, `${name}: one of two callbacks`);
  for (const { watcher } of journals) watcher.stop();
  assert.deepEqual(after.take(), [], `${name}: calls in the very turn`);
  hearsNothing(scene, after, `${name}, replaced by a pipe`);
  objects.send(writer);
  assert.equal(tellsTheTruth(scene, after, `${name}, replaced by a pipe that is written to`), READ);
  after.watcher.stop();
}
