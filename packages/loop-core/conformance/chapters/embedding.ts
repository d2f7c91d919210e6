import assert from "node:assert/strict";
import { poll } from "@polyloop/sys";
import { READ, WRITE } from "../../src/events.js";
import type { Loop } from "../../src/loop.js";
import type { BareBackend } from "../bare-backend.js";
import type { Scene } from "../scene.js";
import type { Suite } from "../suite.js";

const POLLIN = 1;
/** How often the descriptor may be readable for nothing before that is a busy loop. */
const FEW = 5;

/** Another poller waits for this backend: `Backend.fd` and `flush()`, which promise 33 and attaching to Node rest on. */
export function embeddingChapter(suite: Suite): void {
  suite.describe("the backend's own descriptor", () => {
    pollableTest(suite, "is not readable while poll(0) has nothing to report", (scene, bare) => {
      const [reader] = scene.objects.pipe();
      mustBeQuiet(bare);
      bare.want(reader, READ);
      mustBeQuiet(bare);
    });

    pollableTest(suite, "is readable once a descriptor is ready, as often as one looks", (scene, bare) => {
      const [reader, writer] = scene.objects.pipe();
      bare.want(reader, READ);
      mustBeQuiet(bare);
      scene.objects.send(writer);
      for (let look = 0; look < 3; look++) mustReport(scene, bare, `${String(reader)} READ`);
    });

    pollableTest(suite, "is not readable any more once everything was drained", (scene, bare) => {
      const [reader, writer] = scene.objects.pipe();
      bare.want(reader, READ);
      for (let round = 0; round < 5; round++) {
        scene.objects.send(writer);
        mustReport(scene, bare, `${String(reader)} READ`);
        scene.objects.drain(reader);
        mustBeQuiet(bare);
      }
    });

    pollableTest(suite, "is readable after flush() for a change about a descriptor that is ready", (scene, bare) => {
      const [reader, writer] = scene.objects.pipe();
      scene.objects.send(writer);
      // Recorded only: the kernel has not heard of it.
      bare.want(reader, READ);
      mustReport(scene, bare, `${String(reader)} READ`);
      bare.want(reader, 0);
      mustBeQuiet(bare);
      bare.want(reader, READ);
      mustReport(scene, bare, `${String(reader)} READ`);
      bare.want(reader, READ | WRITE);
      mustReport(scene, bare, `${String(reader)} READ`);
    });

    pollableTest(
      suite,
      "is readable for descriptors that are always ready, and no longer than they are wanted",
      (scene, bare) => {
        for (const fd of [scene.objects.file(), scene.objects.devNull(), scene.objects.directory()]) {
          bare.want(fd, READ);
          for (let look = 0; look < 3; look++) mustReport(scene, bare, `${String(fd)} READ`);
          bare.want(fd, 0);
          mustBeQuiet(bare);
        }
      },
    );

    pollableTest(
      suite,
      "is readable for a descriptor that cannot be watched, until that was reported",
      (scene, bare) => {
        const closed = scene.objects.closedNumber();
        bare.want(closed, READ);
        mustReport(scene, bare, `${String(closed)} failed 9`);
        mustBeQuiet(bare);
      },
    );

    pollableTest(suite, "wakes a poller that is already waiting for it", (scene, bare) => {
      for (let round = 0; round < 3; round++) {
        const ticker = scene.objects.timerfd(20);
        bare.want(ticker, READ);
        bare.flush();
        waitFor(scene, bare, "a timerfd expired, and a poller that waited meanwhile was not woken");
        assert.deepEqual(bare.poll(0), [`${String(ticker)} READ`]);
        bare.want(ticker, 0);
        mustBeQuiet(bare);
        scene.objects.close(ticker);
      }
    });

    pollableTest(suite, "is readable for one of many, and then for the next", (scene, bare) => {
      const pipes = Array.from({ length: 50 }, () => scene.objects.pipe());
      for (const [reader] of pipes) bare.want(reader, READ);
      for (const [reader, writer] of pipes.filter((_, index) => index % 7 === 0)) {
        mustBeQuiet(bare);
        scene.objects.send(writer);
        mustReport(scene, bare, `${String(reader)} READ`);
        scene.objects.drain(reader);
      }
      mustBeQuiet(bare);
    });

    pollableTest(suite, "is there again after recreate(), and readable when it should be", (scene, bare) => {
      const [reader, writer] = scene.objects.pipe();
      bare.want(reader, READ);
      for (let round = 0; round < 3; round++) {
        bare.recreate();
        assert.ok(bare.backend.fd >= 0, "recreate() left the backend without its descriptor");
        mustBeQuiet(bare);
        scene.objects.send(writer);
        mustReport(scene, bare, `${String(reader)} READ`);
        scene.objects.drain(reader);
      }
      mustBeQuiet(bare);
    });

    pollableTest(suite, "lets another loop serve this one, and sleep while there is nothing", (scene) => {
      const { embedded, received } = embed(scene);
      const pipes = Array.from({ length: 20 }, () => scene.objects.pipe());
      let bytes = 0;
      for (const [reader] of pipes) {
        embedded.io(reader, READ, () => {
          bytes += scene.objects.drain(reader);
        });
      }
      let sent = 0;
      for (let round = 0; round < 10; round++) {
        for (const [, writer] of pipes.filter((_, index) => (index + round) % 3 === 0)) {
          scene.objects.send(writer);
          sent++;
        }
        scene.untilWoken(() => bytes === sent, "the bytes of an embedded loop");
      }
      const before = received();
      const polls = scene.rest(200);
      assert.ok(polls <= FEW, `the outer loop was polled ${String(polls)} times in 200 ms in which nothing happened`);
      assert.ok(received() - before <= FEW, "the embedded loop was called for nothing, again and again");
    });

    pollableTest(suite, "lets another loop follow it through recreate() and descriptors that come and go", (scene) => {
      const { embedded } = embed(scene);
      for (let round = 0; round < 5; round++) {
        const [reader, writer] = scene.objects.pipe();
        let bytes = 0;
        const watcher = embedded.io(reader, READ, () => {
          bytes += scene.objects.drain(reader);
        });
        if (round % 2 === 1) embedded.recreate();
        embedded.run("nowait");
        scene.turns();
        scene.objects.send(writer);
        scene.untilWoken(() => bytes === 1, "a byte of an embedded loop whose kernel state was opened anew");
        watcher.stop();
        scene.objects.close(reader);
      }
    });

    pollableTest(suite, "lets another loop sleep after a watched file was closed and lives on under a dup", (scene) => {
      const { objects } = scene;
      const { embedded } = embed(scene);
      const [reader, writer] = objects.pipe();
      let bytes = 0;
      embedded.io(reader, READ, () => {
        bytes += objects.drain(reader);
      });
      const [forgotten, forgottenWriter] = objects.pipe();
      const watcher = embedded.io(forgotten, READ, () => assert.fail("a stopped watcher was called"));
      scene.turns(2);
      watcher.stop();
      objects.dup(forgotten);
      objects.close(forgotten);
      objects.send(forgottenWriter);
      scene.turns(FEW);
      const polls = scene.rest(100);
      assert.ok(polls <= FEW, `${String(polls)} polls in 100 ms for a file that nobody watches any more`);
      objects.send(writer);
      scene.untilWoken(() => bytes === 1, "a byte of the embedded loop, beside a closed file with a dup");
    });
  });
}

/** A test for backends that have a descriptor to wait for. */
function pollableTest(suite: Suite, name: string, body: (scene: Scene, bare: BareBackend) => void): void {
  suite.it(name, (scene) => {
    const bare = scene.bare();
    if (!bare.backend.supports.pollable) scene.skip("it has no descriptor that others could poll (supports.pollable)");
    body(scene, bare);
  });
}

/** Whether the backend's descriptor is readable now. */
function isReadable(bare: BareBackend): boolean {
  return poll(new Int32Array([bare.backend.fd, POLLIN, 0]), 0) > 0;
}

/** Waits, seconds if need be, until it is. */
function waitFor(scene: Scene, bare: BareBackend, what: string): void {
  assert.equal(poll(new Int32Array([bare.backend.fd, POLLIN, 0]), scene.patience), 1, what);
}

/** After `flush()` the descriptor must be readable, and `poll(0)` must report just this. */
function mustReport(scene: Scene, bare: BareBackend, report: string): void {
  bare.flush();
  waitFor(scene, bare, `the backend's descriptor is not readable although poll(0) would report ${report}`);
  assert.deepEqual(bare.poll(0), [report]);
}

/**
 * Neither does `poll(0)` report anything, nor is the descriptor readable. What the kernel still has to say of descriptors that
 * are done with may make it readable for nothing, once or twice.
 */
function mustBeQuiet(bare: BareBackend): void {
  for (let look = 0; look < FEW; look++) {
    bare.flush();
    if (!isReadable(bare)) {
      assert.deepEqual(bare.poll(0), [], "poll(0) reports what the backend's descriptor kept silent about");
      return;
    }
    bare.poll(0);
  }
  assert.fail("the backend's descriptor stays readable although poll(0) has nothing to report");
}

/** A loop that is served by `scene.loop`, as core will embed one: before each wait it hands over, then it is waited for. */
function embed(scene: Scene): { embedded: Loop; received: () => number } {
  const outer = scene.loop;
  const embedded = scene.newLoop();
  const backend = scene.backendOf(embedded);
  let calls = 0;
  let recreations = 0;
  const watcher = outer.io(backend.fd, READ, () => {
    calls++;
    embedded.run("nowait");
  });
  outer.prepare(
    () => {
      embedded.state.descriptors.reify(backend);
      backend.flush();
      // Another file, as the number tells, or the call that opened it.
      if (backend.fd !== watcher.fd || backend.recreations !== recreations) watcher.set(backend.fd, READ);
      ({ recreations } = backend);
    },
    { ref: false },
  );
  return { embedded, received: () => calls };
}
