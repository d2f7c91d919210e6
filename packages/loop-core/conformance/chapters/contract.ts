import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, Sink } from "../../src/backend.js";
import { DescriptorMap } from "../../src/descriptor-map.js";
import { PRIORITY, READ, WRITE } from "../../src/events.js";
import { staysAwake } from "../awake.js";
import { SINK_USED_OUTSIDE } from "../bare-backend.js";
import { openDescriptors } from "../open-descriptors.js";
import type { Scene } from "../scene.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** Turns in which something must not happen. */
const TURNS = 5;
/** Calls of flush(), and milliseconds that the shortest may take: no load makes all of them long. */
const FLUSHES = 50;
const LONG = 10;

/** The contract's words about single calls, where a loop would hide what is wrong. */
export function contractChapter(suite: Suite): void {
  suite.describe("contract", () => {
    suite.it(
      "a factory whose probe says yes creates backends, several at once, that know nothing of each other",
      (scene) => {
        const bares = Array.from({ length: 8 }, () => scene.bare());
        const ready = scene.objects.eventfd(1);
        for (const bare of bares) {
          bare.want(ready, READ);
          assert.deepEqual(scene.reports(bare), [`${String(ready)} READ`]);
        }
        const former = bares.splice(0, 4);
        for (const bare of former) {
          bare.want(ready, 0);
          bare.poll(0);
        }
        for (const bare of bares) assert.deepEqual(scene.reports(bare), [`${String(ready)} READ`]);
        for (const bare of former) assert.deepEqual(bare.poll(0), [], "a backend was told what another one wants");
      },
    );

    suite.it("create() opens nothing that close() does not give back", (scene) => {
      scene.bare().close();
      const before = openDescriptors().size;
      for (let count = 0; count < 10; count++) {
        const bare = scene.bare();
        bare.want(scene.objects.closedNumber(), READ);
        bare.poll(0);
        bare.close();
      }
      assert.equal(openDescriptors().size, before, "descriptors open after ten backends");
    });

    for (const [name, make, errno] of [
      ["a number that is closed", (scene: Scene) => scene.objects.closedNumber(), 9],
      ["a descriptor that stands for a path only", (scene: Scene) => scene.objects.pathOnly(), 9],
    ] as const) {
      suite.it(
        `modify() does not throw for ${name}; the next poll reports it as failed, once, with a positive errno`,
        (scene) => {
          const bare = scene.bare();
          const fd = make(scene);
          const priority = bare.backend.supports.priority ? PRIORITY : READ;
          for (const interest of [READ, WRITE, priority, READ | WRITE | PRIORITY]) {
            bare.want(fd, interest);
            assert.deepEqual(bare.poll(20), [`${String(fd)} failed ${String(errno)}`]);
            assert.deepEqual(bare.poll(0), [], "a descriptor that failed was reported again");
          }
        },
      );
    }

    suite.it("a bad descriptor keeps no good one from being reported, however the changes are mixed", (scene) => {
      const bare = scene.bare();
      const bad = [scene.objects.closedNumber(), scene.objects.pathOnly(), scene.objects.closedNumber() - 1];
      const good = [scene.objects.eventfd(1), scene.objects.file(), scene.objects.eventfd(1)];
      for (const [index, fd] of good.entries()) {
        bare.want(bad[index] as number, READ);
        bare.want(fd, READ);
      }
      const expected = [...bad.map((fd) => `${String(fd)} failed 9`), ...good.map((fd) => `${String(fd)} READ`)].sort();
      assert.deepEqual(scene.reports(bare, expected.length), expected);
    });

    suite.it("a number that failed can be watched once it is open", (scene) => {
      const bare = scene.bare();
      const { objects } = scene;
      const later = objects.eventfd(1);
      const fd = objects.eventfd(1);
      objects.close(fd);
      bare.want(fd, READ);
      assert.deepEqual(scene.reports(bare), [`${String(fd)} failed 9`]);
      objects.moveTo(later, fd);
      bare.want(fd, READ);
      assert.deepEqual(scene.reports(bare), [`${String(fd)} READ`]);
    });

    suite.it("the backend's own descriptor can be asked for, and does no harm", (scene) => {
      const bare = scene.bare();
      const { fd } = bare.backend;
      if (fd < 0) scene.skip("it has none");
      const ready = scene.objects.eventfd(1);
      bare.want(fd, READ);
      bare.want(ready, READ);
      const reports = scene.reports(bare);
      if (!reports.includes(`${String(ready)} READ`)) reports.push(...scene.reports(bare));
      assert.ok(
        reports.includes(`${String(ready)} READ`),
        "a ready descriptor beside the backend's own was not reported",
      );
      const harmless = new RegExp(`^(${String(ready)}|${String(fd)}) (READ|failed [0-9]+)$`);
      for (const report of reports) assert.match(report, harmless);
      bare.want(fd, 0);
      bare.want(ready, 0);
      bare.poll(0);
      assert.deepEqual(bare.poll(0), []);
    });

    suite.it(
      "modify(), flush(), recreate() and close() report nothing: a sink is valid only during its poll",
      async (scene) => {
        const bare = new WatchfulBackend(scene);
        bare.wantAll();
        bare.backend.flush();
        bare.pollOnce();
        bare.wantAll();
        bare.backend.flush();
        bare.pollOnce();
        bare.backend.recreate();
        bare.armed.clear();
        bare.wantAll();
        bare.pollOnce();
        bare.backend.flush();
        bare.pollOnce();
        bare.backend.close();
        // What a thread or a promise of the backend's would still say.
        await sleep(20);
        assert.deepEqual(bare.misuse, [], SINK_USED_OUTSIDE);
      },
    );

    suite.it("a change taken back before poll() is no change", (scene) => {
      // Core tells again what changed after a turn that an error ended before its poll.
      const bare = scene.bare();
      const [reader, writer] = scene.objects.pipe();
      scene.objects.send(writer);
      for (const fd of [reader, scene.objects.closedNumber(), scene.objects.file()]) {
        bare.want(fd, READ);
        bare.want(fd, 0);
      }
      for (let turn = 0; turn < TURNS; turn++)
        assert.deepEqual(bare.poll(1), [], "something was reported that nobody wants");
      for (const interest of [READ, WRITE, READ]) bare.want(reader, interest);
      assert.deepEqual(scene.reports(bare), [`${String(reader)} READ`]);
    });

    for (const [what, changes] of [
      ["with nothing to hand over", false],
      ["with a change to hand over", true],
    ] as const) {
      suite.it(`flush() ${what} does not wait`, (scene) => {
        const bare = scene.bare();
        const [reader] = scene.objects.pipe();
        bare.want(reader, READ);
        bare.poll(0);
        let wanted = true;
        let best = Number.POSITIVE_INFINITY;
        staysAwake("calls of flush()", FLUSHES, () => {
          if (changes) {
            wanted = !wanted;
            bare.want(reader, wanted ? READ : 0);
          }
          const begin = monotonic();
          bare.flush();
          best = Math.min(best, monotonic() - begin);
        });
        assert.ok(best < LONG, `the shortest of ${String(FLUSHES)} calls of flush() took ${String(best)} ms`);
      });
    }

    suite.it("flush() without changes, before any poll and again and again, changes nothing", (scene) => {
      const bare = scene.bare();
      for (let time = 0; time < 3; time++) bare.flush();
      const ready = scene.objects.eventfd(1);
      bare.want(ready, READ);
      for (let time = 0; time < 3; time++) bare.flush();
      assert.deepEqual(scene.reports(bare), [`${String(ready)} READ`]);
      for (let time = 0; time < 3; time++) bare.flush();
      assert.deepEqual(scene.reports(bare), [`${String(ready)} READ`]);
    });
  });
}

/** A backend that is told to watch what is ready and what cannot be, and whatever it says when nobody has asked. */
class WatchfulBackend implements Sink {
  readonly backend: Backend;
  readonly misuse: string[] = [];
  readonly armed = new Set<number>();
  private readonly fds: readonly number[];
  private polling = false;

  constructor(scene: Scene) {
    const { factory, objects } = scene;
    this.backend = factory.create({ generations: new DescriptorMap() });
    scene.onEnd(() => {
      this.backend.close();
    });
    this.fds = [objects.eventfd(1), objects.file(), objects.closedNumber()];
  }

  wantAll(): void {
    for (const fd of this.fds) {
      this.backend.modify(fd, this.armed.has(fd) ? READ : 0, READ);
      this.armed.add(fd);
    }
  }

  pollOnce(): void {
    this.polling = true;
    this.backend.poll(0, this);
    this.polling = false;
  }

  ready(fd: number): void {
    this.note("ready", fd);
  }
  failed(fd: number): void {
    this.armed.delete(fd);
    this.note("failed", fd);
  }
  rearm(fd: number): void {
    this.armed.delete(fd);
    this.note("rearm", fd);
  }

  private note(kind: string, fd: number): void {
    if (!this.polling) this.misuse.push(`${kind} ${String(fd)}`);
  }
}
