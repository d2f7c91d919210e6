import assert from "node:assert/strict";
import { HANGUP, READ, WRITE } from "../../src/events.js";
import type { IoOptions } from "../../src/watchers/io.js";
import { requireClaim } from "../claims.js";
import type { Journal, Scene } from "../scene.js";
import { GRACE, isCalled, sleeps, tellsTheTruth } from "../steady.js";
import type { Suite } from "../suite.js";

const EDGE: IoOptions = { edge: true };
/** For one edge: a backend that works by completions may report it once more. */
const MOST_CALLS = 2;

/** Edge-triggered delivery where it is claimed, and what is asked for as such where it is not. */
export function edgeChapter(suite: Suite): void {
  suite.describe("edge-triggered watchers", () => {
    suite.it("are called when something arrives, and then no more while it stays unread", (scene) => {
      const [, far, journal] = watchSocket(scene, READ);
      isQuiet(scene, journal, "at first");
      scene.objects.send(far);
      tellsOnce(scene, journal, READ, "a byte came");
    });

    suite.it("are called again for every further arrival, whether or not the last was read", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      for (let count = 1; count <= 6; count++) {
        scene.objects.send(far);
        tellsOnce(scene, journal, READ, `byte ${String(count)} came`);
        if (count % 2 === 0) scene.objects.drain(near);
      }
    });

    suite.it(
      "miss no arrival that falls into the callback for the last one, or between it and the next turn",
      (scene) => {
        const [near, far] = scene.objects.streamPair();
        let arrivals = 0;
        const send = (): void => {
          arrivals++;
          scene.objects.send(far);
        };
        let read = 0;
        const journal = scene.watch(
          near,
          READ,
          () => {
            read += scene.objects.drain(near);
            if (arrivals < 20) send();
          },
          EDGE,
        );
        scene.turns();
        send();
        scene.untilWoken(() => read === 20, "20 bytes, each sent when the one before was read");
        for (; arrivals < 40; journal.calls.length = 0) {
          send();
          scene.untilWoken(() => read === arrivals, "a byte sent between two turns");
        }
      },
    );

    suite.it("of a pipe, an eventfd and a pty are called for what comes, too", (scene) => {
      requireClaim(scene, "edge");
      const { objects } = scene;
      const [reader, writer] = objects.pipe();
      const [master, slave] = objects.pty();
      const counter = objects.eventfd();
      for (const [name, fd, happen] of [
        ["the pipe", reader, () => objects.send(writer)],
        ["the eventfd", counter, () => objects.count(counter)],
        [
          "the pty's slave",
          slave,
          () => {
            objects.sendLine(master);
            objects.settled(slave, READ);
          },
        ],
      ] as const) {
        const journal = watchEdge(scene, fd, READ);
        for (const round of ["first", "second"]) {
          happen();
          tellsOnce(scene, journal, READ, `${name}, ${round} round`);
          objects.drain(fd);
        }
        journal.watcher.stop();
      }
    });

    suite.it("are called for room to write when it appears, and once", (scene) => {
      const [near, far, journal] = watchSocket(scene, WRITE);
      tellsOnce(scene, journal, WRITE, "there is room");
      for (const round of ["first", "second"]) {
        scene.objects.fill(near);
        isQuiet(scene, journal, `full, ${round} round`);
        scene.objects.drain(far);
        tellsOnce(scene, journal, WRITE, `emptied, ${round} round`);
      }
    });

    suite.it("are called when the other side hangs up, and that does not keep the loop busy", (scene) => {
      const [, far, journal] = watchSocket(scene, READ | WRITE);
      tellsOnce(scene, journal, WRITE, "there is room");
      scene.objects.close(far);
      tellsOnce(scene, journal, READ | WRITE | HANGUP, "the peer closed");
    });
  });

  suite.describe("edge-triggered watchers, looked at anew", () => {
    suite.it("are called after a start for what was there before", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      scene.objects.send(far);
      tellsOnce(scene, journal, READ, "a byte came");
      for (const round of ["first", "second"]) {
        journal.watcher.stop();
        scene.turns();
        journal.watcher.start();
        tellsOnce(scene, journal, READ, `started again, ${round} round`);
        journal.watcher.stop();
        journal.watcher.start();
        tellsOnce(scene, journal, READ, `stopped and started at once, ${round} round`);
      }
      journal.watcher.stop();
      scene.objects.drain(near);
      scene.objects.send(far);
      journal.watcher.start();
      tellsOnce(scene, journal, READ, "a byte came while it was stopped");
    });

    suite.it("are called when another one is started on the descriptor, both of them", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      scene.objects.send(far);
      tellsOnce(scene, journal, READ, "a byte came");
      const second = watchEdge(scene, near, READ);
      scene.until(() => second.calls.length > 0 && journal.calls.length > 0, "calls for what is there");
      scene.turns(GRACE);
      second.calls.length = journal.calls.length = 0;
      scene.objects.send(far);
      tellsOnce(scene, journal, READ, "another byte came");
      assert.notEqual(second.calls.length, 0, "the second watcher was not called for another byte");
    });

    suite.it("are called after modify() for what is there", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      scene.turns();
      journal.watcher.modify(0);
      scene.turns();
      scene.objects.send(far);
      isQuiet(scene, journal, "paused");
      journal.watcher.modify(READ);
      tellsOnce(scene, journal, READ, "resumed");
      journal.watcher.modify(READ | WRITE);
      tellsOnce(scene, journal, READ | WRITE, "WRITE is wanted, too");
      scene.objects.drain(near);
      journal.watcher.modify(WRITE);
      tellsOnce(scene, journal, WRITE, "only WRITE is wanted");
    });

    suite.it("are called for what came while they paused within one turn", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      scene.turns();
      for (const round of ["first", "second"]) {
        scene.objects.send(far);
        isCalled(scene, journal, `a byte came, ${round} round`);
        scene.turns(GRACE);
        journal.calls.length = 0;
        journal.watcher.modify(0);
        journal.watcher.modify(READ);
        tellsOnce(scene, journal, READ, `back to what it was, ${round} round`);
        scene.objects.drain(near);
      }
    });
  });

  suite.describe("edge-triggered and level-triggered watchers of one descriptor", () => {
    suite.it("are all level-triggered while there is one that is, and edge-triggered again after it", (scene) => {
      const [near, far, journal] = watchSocket(scene, READ);
      scene.objects.send(far);
      tellsOnce(scene, journal, READ, "alone");
      for (const round of ["first", "second"]) {
        const level = scene.watch(near, READ);
        assert.equal(tellsTheTruth(scene, level, `beside a level-triggered one, ${round} round`), READ);
        assert.equal(tellsTheTruth(scene, journal, `beside a level-triggered one, ${round} round`, READ), READ);
        level.watcher.stop();
        scene.turns(GRACE);
        isQuiet(scene, journal, `alone again, ${round} round`);
        scene.objects.send(far);
        tellsOnce(scene, journal, READ, `another byte, ${round} round`);
      }
    });
  });

  suite.describe("watchers that ask for edge", () => {
    suite.it("are called every turn for an always-ready descriptor", (scene) => {
      for (const fd of [scene.objects.file(), scene.objects.devNull()]) {
        assert.equal(tellsTheTruth(scene, scene.watch(fd, READ, undefined, EDGE), "edge is asked for"), READ);
      }
    });

    suite.it("are called every turn if the backend does not claim it", (scene) => {
      if (scene.backend.supports.edge) scene.skip("the backend claims edge");
      const [near, far] = scene.objects.streamPair();
      const journal = watchEdge(scene, near, READ);
      assert.equal(tellsTheTruth(scene, journal, "at first"), 0);
      scene.objects.send(far);
      assert.equal(tellsTheTruth(scene, journal, "a byte came"), READ);
      scene.objects.drain(near);
      assert.equal(tellsTheTruth(scene, journal, "it was read", READ), 0);
    });
  });
}

function watchEdge(scene: Scene, fd: number, interest: number): Journal {
  return scene.watch(fd, interest, undefined, EDGE);
}

/** A socket, its peer and an edge-triggered watcher of it, where the backend claims edge. */
function watchSocket(scene: Scene, interest: number): readonly [near: number, far: number, journal: Journal] {
  requireClaim(scene, "edge");
  const [near, far] = scene.objects.streamPair();
  return [near, far, watchEdge(scene, near, interest)];
}

/** Checks that these events are told for an edge, and then no longer. */
function tellsOnce(scene: Scene, journal: Journal, events: number, when: string): void {
  scene.until(() => (journal.seen & events) === events, `${when}: the events were not told`);
  assert.equal(journal.seen & ~events, 0, `${when}: more was told`);
  scene.turns(GRACE);
  assert.ok(journal.calls.length <= MOST_CALLS, `${when}: told ${String(journal.calls.length)} times`);
  isQuiet(scene, journal, when);
}

/** Checks that no call comes any more, and that the loop sleeps. */
function isQuiet(scene: Scene, journal: Journal, when: string): void {
  journal.calls.length = 0;
  scene.turns(5);
  sleeps(scene, when);
  assert.deepEqual({ when, calls: journal.take() }, { when, calls: [] });
}
