import assert from "node:assert/strict";
import { READ, WRITE } from "../../src/events.js";
import { openDescriptors } from "../open-descriptors.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** What "a few turns" are. */
const FEW = 10;

/** The kernel state is declared lost, as after a fork: promises 2 and 34. */
export function recreationChapter(suite: Suite): void {
  suite.describe("recreate()", () => {
    suite.it("calls the fork watchers once, before the backend opens its kernel state anew", (scene) => {
      const { backend, loop } = scene;
      const seen: number[] = [];
      loop.fork(() => seen.push(backend.recreations));
      scene.turns(2);
      assert.deepEqual(seen, []);
      loop.recreate();
      scene.turns(3);
      assert.deepEqual(seen, [0]);
      assert.equal(backend.recreations, 1);
    });

    suite.it("leaves every watcher working, those that were ready and those that become so", (scene) => {
      const { loop, objects } = scene;
      const [reader, writer] = objects.pipe();
      const [near, far] = objects.streamPair();
      const [full] = objects.streamPair();
      const ready = scene.watch(reader, READ);
      const later = scene.watch(near, READ, () => objects.drain(near));
      const writable = scene.watch(full, WRITE);
      objects.send(writer);
      scene.turns(2);
      loop.recreate();
      for (const journal of [ready, writable]) journal.take();
      scene.until(() => ready.seen === READ && writable.seen === WRITE, "what was ready before recreate()");
      assert.deepEqual(later.take(), []);
      objects.send(far);
      scene.until(() => later.seen === READ, "what became ready after recreate()");
    });

    suite.it("may come three times in a row, and in a callback", (scene) => {
      const { loop, objects } = scene;
      const [reader, writer] = objects.pipe();
      const journal = scene.watch(reader, READ, () => {
        objects.drain(reader);
        loop.recreate();
      });
      for (let round = 0; round < 3; round++) {
        loop.recreate();
        scene.turns();
      }
      for (let time = 0; time < 3; time++) loop.recreate();
      for (let round = 0; round < 5; round++) {
        objects.send(writer);
        scene.until(() => journal.take().length > 0, "a byte, with a callback that declares a fork each time");
      }
      scene.turns();
      assert.ok(scene.backend.recreations >= 8);
      loop.verify();
    });

    suite.it("within a nested run leaves the run around it working", (scene) => {
      const { loop, objects } = scene;
      const [reader, writer] = objects.pipe();
      const journal = scene.watch(reader, READ, () => objects.drain(reader));
      let nested = false;
      loop.timer(0, () => {
        loop.recreate();
        scene.turns(2);
        nested = true;
      });
      scene.until(() => nested, "a nested run that opens the kernel state anew");
      objects.send(writer);
      scene.until(() => journal.seen === READ, "a byte");
    });

    suite.it("lets timers keep their times", (scene) => {
      const { loop } = scene;
      const begin = monotonic();
      const fired: number[] = [];
      for (const after of [20, 40.5, 60]) {
        loop.timer(after, () => {
          assert.ok(monotonic() >= begin + after, `the timer of ${String(after)} ms was early`);
          fired.push(after);
        });
      }
      loop.timer(
        7,
        () => {
          loop.recreate();
        },
        { repeat: 7, ref: false },
      );
      loop.run();
      assert.deepEqual(fired, [20, 40.5, 60]);
    });

    suite.it("keeps always-ready descriptors ready, and does not revive what failed or was stopped", (scene) => {
      const { loop, objects } = scene;
      const files = [objects.file(), objects.devNull(), objects.directory()].map((fd) => scene.watch(fd, READ));
      const failed = [objects.closedNumber(), objects.pathOnly()].map((fd) => scene.watch(fd, READ));
      const stopped = scene.watch(objects.eventfd(1), READ);
      scene.until(() => failed.every(({ calls }) => calls.length > 0), "the end of watchers that cannot be");
      scene.turns(2);
      stopped.watcher.stop();
      for (const journal of [...files, ...failed, stopped]) journal.take();
      for (let round = 0; round < 3; round++) {
        loop.recreate();
        scene.until(() => files.every(({ seen }) => seen === READ), "descriptors that are always ready");
        for (const file of files) file.take();
      }
      assert.deepEqual(
        [...failed, stopped].flatMap((journal) => journal.take()),
        [],
      );
    });

    suite.it("reports a descriptor as failed that was closed before it", (scene) => {
      const { loop, objects } = scene;
      // Lower numbers, for whatever is opened anew: the closed one must stay closed.
      const lower = Array.from({ length: 10 }, () => objects.eventfd());
      const [reader] = objects.pipe();
      const journal = scene.watch(reader, READ);
      scene.turns(2);
      for (const fd of [...lower, reader]) objects.close(fd);
      loop.recreate();
      scene.until(() => journal.calls.length > 0, "the end of a watcher whose descriptor is closed");
      assert.deepEqual(journal.take(), ["READ|WRITE|FAILED"]);
      assert.equal(journal.watcher.error?.code, "EBADF");
    });

    suite.it("delivers wake-ups sent before it and after it", (scene) => {
      const { loop } = scene;
      let rung = 0;
      const wake = loop.async(() => rung++);
      scene.turns();
      wake.send();
      loop.recreate();
      scene.untilWoken(() => rung >= 1, "a wake-up sent before recreate()");
      scene.turns(2);
      assert.ok(rung <= 2);
      rung = 0;
      loop.timer(5, () => {
        wake.send();
      });
      scene.untilWoken(() => rung >= 1, "a wake-up sent after recreate()");
    });

    suite.it("leaves the loop asleep while there is nothing to do, and no descriptor open", (scene) => {
      const { loop, objects } = scene;
      for (let count = 0; count < 5; count++) loop.io(objects.pipe()[0], READ, () => assert.fail("nothing was sent"));
      loop.recreate();
      scene.turns();
      const before = openDescriptors().size;
      for (let round = 0; round < 20; round++) {
        loop.recreate();
        scene.turns();
      }
      assert.equal(openDescriptors().size, before, "descriptors open after twenty more times");
      const polls = scene.rest(100);
      assert.ok(polls <= FEW, `${String(polls)} polls in 100 ms in which nothing happened`);
    });
  });

  suite.describe("recreate() and close() of the backend alone", () => {
    suite.it("recreate() twice, then modify(): everything is told anew and reported", (scene) => {
      const bare = scene.bare();
      const [reader, writer] = scene.objects.pipe();
      bare.want(reader, READ);
      bare.poll(0);
      bare.recreate();
      bare.recreate();
      scene.objects.send(writer);
      assert.deepEqual(scene.reports(bare), [`${String(reader)} READ`]);
      const other = scene.objects.eventfd(1);
      bare.want(other, READ);
      assert.deepEqual(scene.reports(bare, 2), [`${String(reader)} READ`, `${String(other)} READ`].sort());
    });

    suite.it("recreate() forgets what is not told anew", (scene) => {
      const { backend } = scene.bare();
      const fds = [scene.objects.eventfd(1), scene.objects.file(), scene.objects.closedNumber()];
      for (const fd of fds) backend.modify(fd, 0, READ);
      backend.recreate();
      const report = (fd: number): never => assert.fail(`descriptor ${String(fd)} was reported, which nobody wants`);
      for (let turn = 0; turn < 3; turn++) backend.poll(1, { ready: report, failed: report, rearm: report });
    });

    suite.it("recreate() before the first poll, after a poll for nothing and after flush()", (scene) => {
      const bare = scene.bare();
      bare.recreate();
      assert.deepEqual(bare.poll(1), []);
      bare.recreate();
      const ready = scene.objects.eventfd(1);
      bare.want(ready, READ);
      bare.flush();
      bare.recreate();
      assert.deepEqual(scene.reports(bare), [`${String(ready)} READ`]);
    });

    suite.it("close() twice, at whatever moment", (scene) => {
      for (const moment of ["opened", "wanted", "flushed", "polled", "recreated"]) {
        const bare = scene.bare();
        if (moment !== "opened") bare.want(scene.objects.eventfd(1), READ);
        if (moment === "flushed") bare.flush();
        if (moment === "polled") scene.reports(bare);
        if (moment === "recreated") bare.recreate();
        bare.close();
        bare.close();
      }
    });
  });
}
