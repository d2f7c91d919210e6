import assert from "node:assert/strict";
import { HANGUP, PRIORITY, READ, WRITE } from "../../src/events.js";
import { requireClaim } from "../claims.js";
import { hearsNothing, isCalled, sleeps, tellsTheTruth } from "../steady.js";
import { SUBJECTS } from "../subjects.js";
import type { Suite } from "../suite.js";

/** What is asked for: nothing, one thing after another, urgent data; and what comes without being asked for. */
export function interestsChapter(suite: Suite): void {
  suite.describe("interests", () => {
    suite.it(
      "of nothing are legal and never told, whatever happens to the descriptor, nor do they keep the loop busy",
      (scene) => {
        const [near, far] = scene.objects.streamPair();
        const journal = scene.watch(near, 0);
        const beside = scene.watch(scene.objects.eventfd(1), READ);
        isCalled(scene, beside, "another descriptor");
        beside.watcher.stop();
        hearsNothing(scene, journal, "at first");
        scene.objects.send(far);
        hearsNothing(scene, journal, "after a byte came");
        scene.objects.close(far);
        hearsNothing(scene, journal, "after the peer closed");
        journal.watcher.modify(READ);
        assert.equal(tellsTheTruth(scene, journal, "after it asked for READ"), READ | HANGUP);
        journal.watcher.modify(0);
        hearsNothing(scene, journal, "after it asked for nothing again");
      },
    );

    for (const [name, open] of SUBJECTS) {
      suite.it(`can change from READ to WRITE and back while the watcher runs: ${name}`, (scene) => {
        const { fd, happen } = open(scene.objects);
        const journal = scene.watch(fd, READ);
        tellsTheTruth(scene, journal, "READ is watched");
        for (const round of ["first", "second"]) {
          journal.watcher.modify(WRITE);
          tellsTheTruth(scene, journal, `WRITE is watched, ${round} round`);
          journal.watcher.modify(READ | WRITE);
          tellsTheTruth(scene, journal, `READ and WRITE are watched, ${round} round`);
          journal.watcher.modify(READ);
          tellsTheTruth(scene, journal, `READ is watched again, ${round} round`);
          happen(fd);
          assert.equal(tellsTheTruth(scene, journal, `it became ready, ${round} round`), READ);
          journal.watcher.modify(0);
          hearsNothing(scene, journal, `nothing is watched, ${round} round`);
          scene.objects.drain(fd);
          journal.watcher.modify(READ);
          tellsTheTruth(scene, journal, `READ is watched after a pause, ${round} round`);
        }
      });
    }

    suite.it("of PRIORITY are told of TCP's urgent data, alone and beside READ and WRITE", (scene) => {
      requireClaim(scene, "priority");
      const [near, far] = scene.objects.tcpPair();
      const alone = scene.watch(near, PRIORITY);
      const both = scene.watch(near, READ | PRIORITY);
      hearsNothing(scene, alone, "at first");
      scene.objects.sendUrgent(far);
      scene.objects.settled(near, PRIORITY);
      assert.equal(tellsTheTruth(scene, alone, "an urgent byte came"), PRIORITY);
      assert.equal(tellsTheTruth(scene, both, "an urgent byte came", PRIORITY), PRIORITY);
      scene.objects.send(far);
      scene.objects.settled(near, READ);
      assert.equal(tellsTheTruth(scene, both, "an ordinary one came behind it", PRIORITY), READ | PRIORITY);
      assert.equal(tellsTheTruth(scene, alone, "an ordinary one came behind it", PRIORITY), PRIORITY);
      both.watcher.stop();
      for (const more of [WRITE, READ | WRITE]) {
        alone.watcher.modify(more | PRIORITY);
        assert.equal(tellsTheTruth(scene, alone, "it asked for more", PRIORITY), more | PRIORITY);
      }
    });
  });

  suite.describe("what nobody asked for", () => {
    suite.it("does not keep the loop busy: WRITE of a full socket whose peer shut down its sending side", (scene) => {
      const [near, far] = scene.objects.streamPair();
      scene.objects.fill(near);
      const journal = scene.watch(near, WRITE);
      hearsNothing(scene, journal, "it is full");
      scene.objects.shutdown(far, "write");
      hearsNothing(scene, journal, "the peer will send no more");
      sleeps(scene, "the peer will send no more", 30);
      const late = scene.watch(near, READ);
      assert.equal(tellsTheTruth(scene, late, "another watches for READ"), READ);
      late.watcher.stop();
      hearsNothing(scene, journal, "the other stopped");
      scene.objects.drain(far);
      assert.equal(tellsTheTruth(scene, journal, "the peer made room"), WRITE);
    });

    suite.it("does not keep the loop busy: READ or WRITE of what hung up, when only PRIORITY is wanted", (scene) => {
      requireClaim(scene, "priority");
      const [reader, writer] = scene.objects.pipe();
      const [near, far] = scene.objects.streamPair();
      const [client, server] = scene.objects.tcpPair();
      const journals = [reader, near, client].map((fd) => scene.watch(fd, PRIORITY));
      scene.turns();
      scene.objects.close(writer);
      scene.objects.close(far);
      scene.objects.reset(client, server);
      for (const journal of journals) hearsNothing(scene, journal, "it hung up");
      sleeps(scene, "all hung up", 30);
      for (const journal of journals) {
        journal.watcher.modify(PRIORITY | READ);
        assert.equal(tellsTheTruth(scene, journal, "READ is wanted, too") & (READ | HANGUP), READ | HANGUP);
        journal.watcher.modify(PRIORITY);
        hearsNothing(scene, journal, "only PRIORITY is wanted again");
      }
    });
  });
}
