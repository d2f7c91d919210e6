import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { READ, WRITE } from "../../src/events.js";
import { Loop } from "../../src/loop.js";
import { BareBackend } from "../bare-backend.js";
import { openDescriptors } from "../open-descriptors.js";
import type { Scene } from "../scene.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** The most and the fewest lives, and the milliseconds after which the fewest are enough: some kernels take 40 ms for one. */
const MOST = 10_000;
const FEWEST = 100;
const ENOUGH = 2500;

/** What many lives leave behind: promise 35. */
export function livesChapter(suite: Suite): void {
  suite.describe("many lives", () => {
    suite.it("loops that are opened, used and closed leave no descriptor and no kernel object", (scene) => {
      const { objects } = scene;
      const [reader, writer] = objects.pipe();
      const file = objects.file();
      objects.send(writer);
      leavesNothing(scene, () => {
        const loop = new Loop({ backend: scene.factory, strict: true });
        loop.io(reader, READ, () => undefined);
        loop.io(writer, WRITE, () => undefined);
        loop.io(file, READ, () => undefined);
        const wake = loop.async(() => undefined);
        loop.timer(0, () => undefined);
        wake.send();
        loop.run("nowait");
        loop.close();
      });
    });

    suite.it("backends that are created and closed, used or not, leave no descriptor and no kernel object", (scene) => {
      const ready = scene.objects.eventfd(1);
      let life = 0;
      leavesNothing(scene, () => {
        const bare = new BareBackend(scene.factory);
        if (life % 2 === 1) bare.want(ready, READ);
        if (life % 3 === 1) bare.poll(0);
        if (life % 5 === 1) bare.flush();
        if (life % 7 === 1) bare.recreate();
        bare.close();
        life++;
      });
    });
  });
}

/** Leads many lives and compares. */
function leavesNothing(scene: Scene, live: () => void): void {
  // The first life may open what stays: an addon, a probe's result.
  live();
  const before = { descriptors: openDescriptors().size, requests: asynchronousRequests() };
  const begin = monotonic();
  let lives = 0;
  while (lives < FEWEST || (lives < MOST && monotonic() - begin < ENOUGH)) {
    live();
    lives++;
  }
  if (lives < MOST) {
    const seconds = ((monotonic() - begin) / 1000).toFixed(1);
    process.stderr.write(`the ${scene.factory.name} backend: led ${String(lives)} lives in ${seconds} s\n`);
  }
  assert.equal(openDescriptors().size, before.descriptors, `descriptors open after ${String(lives)} lives`);
  leavesNoRequests(scene, before.requests, lives);
}

/**
 * Waits until the kernel has given back what was destroyed, which takes it some time. The number is the whole system's, and
 * neighbours come and go: only as many more as there were lives are held against the backend.
 */
function leavesNoRequests(scene: Scene, before: number, lives: number): void {
  const limit = monotonic() + scene.patience;
  let now = asynchronousRequests();
  while (now - before >= lives && monotonic() < limit) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    now = asynchronousRequests();
  }
  assert.ok(
    now - before < lives,
    `fs.aio-nr was ${String(before)} and stayed at ${String(now)} after ${String(lives)} lives`,
  );
}

/** How many requests of Linux AIO all processes have room for. */
function asynchronousRequests(): number {
  try {
    return Number(readFileSync("/proc/sys/fs/aio-nr", "utf8"));
  } catch {
    return 0;
  }
}
