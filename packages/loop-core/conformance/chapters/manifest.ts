import assert from "node:assert/strict";
import { poll, sendUrgent } from "@polyloop/sys";
import type { Capabilities } from "../../src/backend.js";
import { EDGE, PRIORITY, READ } from "../../src/events.js";
import type { BareBackend } from "../bare-backend.js";
import { ensure } from "../descriptor-set.js";
import type { Scene } from "../scene.js";
import { monotonic } from "../stopwatch.js";
import type { Suite } from "../suite.js";

/** A wait that only a precise interface can make, and when it is over for certain if it was rounded to a millisecond. */
const SHORT = 0.2;
const ROUNDED = 0.9;
/** Short waits that are made until one of them is as short as it was asked. */
const WAITS = 60;
/** Short waits none of which may be short if the manifest does not claim it. */
const WAITS_HIDDEN = 20;
/** Turns in which something must not happen. */
const TURNS = 5;

/** `supports`, claim by claim: it must neither claim what is not so nor hide what is. */
export function manifestChapter(suite: Suite): void {
  suite.describe("manifest", () => {
    suite.it(
      "supports says true or false of preciseTimeouts, edge, priority and pollable, and nothing else",
      (scene) => {
        const { supports } = scene.bare().backend;
        assert.deepEqual(Object.fromEntries(Object.entries(supports).map(([name, value]) => [name, typeof value])), {
          preciseTimeouts: "boolean",
          edge: "boolean",
          priority: "boolean",
          pollable: "boolean",
        });
      },
    );

    suite.it("loop.backend tells the factory's name and the backend's manifest", (scene) => {
      const bare = scene.bare();
      bare.poll(0);
      scene.turns();
      const { name, supports } = scene.loop.backend;
      assert.equal(bare.backend.name, scene.factory.name, "backend.name is not factory.name");
      assert.equal(name, scene.factory.name);
      assert.deepEqual({ ...supports }, { ...bare.backend.supports });
    });

    suite.it("the manifest does not change once the backend has polled", (scene) => {
      const { bare, fd } = scenePolled(scene);
      const before = { ...bare.backend.supports };
      scene.objects.drain(fd);
      for (const timeout of [0, 0.3, 1]) bare.poll(timeout);
      bare.recreate();
      bare.poll(0);
      assert.deepEqual({ ...bare.backend.supports }, before);
    });

    suite.it("preciseTimeouts: if claimed, a wait of 0.2 ms can end within 0.9 ms", (scene) => {
      const { bare } = scenePolled(scene, false);
      ifClaimed(scene, bare, "preciseTimeouts");
      let possible = 0;
      for (let wait = 0; wait < WAITS; wait++) {
        if (isShort(() => bare.poll(SHORT))) return;
        // What the machine can do at this very moment.
        if (isShort(() => poll(new Int32Array(0), SHORT))) possible++;
      }
      if (possible < WAITS / 2)
        scene.skip("this machine is too busy to tell a wait of 0.2 ms from one of a millisecond");
      assert.fail(`supports.preciseTimeouts, and not one of ${String(WAITS)} waits of 0.2 ms ended within 0.9 ms`);
    });

    suite.it("preciseTimeouts: if not claimed, no wait of 0.2 ms ends within 0.9 ms", (scene) => {
      const { bare } = scenePolled(scene, false);
      ifNotClaimed(scene, bare, "preciseTimeouts");
      for (let wait = 0; wait < WAITS_HIDDEN; wait++) {
        assert.ok(!isShort(() => bare.poll(SHORT)), "a wait of 0.2 ms took less than 0.9 ms: the manifest hides that");
      }
    });

    suite.it(
      "edge: if claimed, a descriptor with EDGE is reported once, and again only after something new",
      (scene) => {
        const { bare, reader, writer } = wantEdge(scene);
        ifClaimed(scene, bare, "edge");
        const report = `${String(reader)} READ`;
        assert.deepEqual(scene.reports(bare), [report]);
        for (let turn = 0; turn < TURNS; turn++) {
          assert.deepEqual(
            bare.poll(1),
            [],
            "supports.edge, and a descriptor with EDGE was reported twice, with nothing new",
          );
        }
        scene.objects.send(writer);
        assert.deepEqual(scene.reports(bare), [report]);
      },
    );

    suite.it("edge: if not claimed, readiness is level-triggered even for an interest with EDGE", (scene) => {
      const { bare, reader } = wantEdge(scene);
      ifNotClaimed(scene, bare, "edge");
      for (let turn = 0; turn < TURNS; turn++) {
        const reports = scene.reports(bare);
        assert.deepEqual(reports, [`${String(reader)} READ`], "EDGE was honoured, and the manifest hides that");
      }
    });

    suite.it(
      "edge: watchers of a loop that ask for it get it where it is claimed, and level-triggering elsewhere",
      (scene) => {
        const [reader, writer] = scene.objects.pipe();
        const journal = scene.watch(reader, READ, undefined, { edge: true });
        scene.objects.send(writer);
        scene.until(() => journal.calls.length > 0, "a byte for a watcher with edge: true");
        journal.take();
        scene.turns(TURNS);
        const expected = scene.loop.backend.supports.edge ? 0 : TURNS;
        assert.equal(journal.calls.length, expected, `calls in ${String(TURNS)} turns without anything new`);
      },
    );

    suite.it("priority: if claimed, urgent data is reported, alone and beside READ", (scene) => {
      const bare = scene.bare();
      const { near } = urgent(scene);
      bare.want(near, PRIORITY);
      ifClaimed(scene, bare, "priority");
      assert.deepEqual(scene.reports(bare), [`${String(near)} PRIORITY`]);
      bare.want(near, READ | PRIORITY);
      assert.deepEqual(scene.reports(bare), [`${String(near)} PRIORITY`]);
    });

    suite.it("priority: if not claimed, urgent data is not reported", (scene) => {
      const bare = scene.bare();
      const { near } = urgent(scene);
      bare.want(near, PRIORITY);
      ifNotClaimed(scene, bare, "priority");
      for (let turn = 0; turn < TURNS; turn++) {
        assert.deepEqual(bare.poll(2), [], "urgent data was reported, and the manifest hides that");
      }
    });

    suite.it("pollable: if claimed, fd is a descriptor that becomes readable when something is ready", (scene) => {
      const { bare } = scenePolled(scene);
      ifClaimed(scene, bare, "pollable");
      const { fd } = bare.backend;
      assert.ok(fd >= 0, `supports.pollable, and fd is ${String(fd)}`);
      bare.flush();
      assert.equal(poll(new Int32Array([fd, READ, 0]), scene.patience), 1, "supports.pollable, and fd is not readable");
    });

    suite.it("pollable: if not claimed, fd is -1", (scene) => {
      const { bare } = scenePolled(scene);
      ifNotClaimed(scene, bare, "pollable");
      assert.equal(bare.backend.fd, -1, "there is a descriptor, and the manifest hides it");
    });
  });
}

/** Leaves a test about what the manifest does not claim. */
function ifClaimed(scene: Scene, { backend }: BareBackend, claim: keyof Capabilities): void {
  if (!backend.supports[claim]) scene.skip(`it does not claim ${claim}`);
}

/** Leaves a test about what the manifest claims. */
function ifNotClaimed(scene: Scene, { backend }: BareBackend, claim: keyof Capabilities): void {
  if (backend.supports[claim]) scene.skip(`it claims ${claim}`);
}

/** A backend that has polled once: what it found out by that belongs into its manifest. */
function scenePolled(scene: Scene, ready = true): { bare: BareBackend; fd: number } {
  const bare = scene.bare();
  const fd = scene.objects.eventfd(ready ? 1 : 0);
  bare.want(fd, READ);
  bare.poll(SHORT);
  return { bare, fd };
}

/** Whether a wait of {@link SHORT} took its time and less than a millisecond. One that ended early says nothing. */
function isShort(wait: () => unknown): boolean {
  const begin = monotonic();
  wait();
  const elapsed = monotonic() - begin;
  return elapsed >= SHORT && elapsed < ROUNDED;
}

/** A pipe with a byte in it, wanted edge-triggered. */
function wantEdge(scene: Scene): { bare: BareBackend; reader: number; writer: number } {
  const bare = scene.bare();
  const [reader, writer] = scene.objects.pipe();
  scene.objects.send(writer);
  bare.want(reader, READ | EDGE);
  return { bare, reader, writer };
}

/** A connection on which urgent data has arrived. */
function urgent(scene: Scene): { near: number } {
  const [near, far] = scene.objects.tcpPair();
  ensure(sendUrgent(far, 1), "send");
  scene.objects.settled(near, PRIORITY);
  return { near };
}
