import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { close, eventfd } from "../src/index.js";
import { SIGNALLED, sendWakeup, THREAD, Wakeup } from "../src/wakeup.js";
import { at, closeAll, countDescriptors, FIXTURES, openPipe, own, POLLIN, pollOne, until } from "./support.js";

const start = (fixture: string, workerData?: unknown) => new Worker(join(FIXTURES, fixture), { workerData });
const shared = () => new Int32Array(new SharedArrayBuffer(12));

afterEach(closeAll);

describe("senders on four threads", () => {
  let workers: Worker[];
  beforeAll(async () => {
    workers = Array.from({ length: 4 }, () => start("sender.mjs"));
    await Promise.all(workers.map((worker) => once(worker, "message")));
  });
  afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

  /** Lets all of them send to `wakeup` until it is closed; the numbers of their sends. */
  function sendAll(wakeup: Wakeup): Promise<number[]> {
    const counts = workers.map(async (worker) => (await once(worker, "message"))[0] as number);
    for (const worker of workers) worker.postMessage(wakeup.control);
    return Promise.all(counts);
  }

  it("wake a thread that waits, and never write to a file that takes the number after close", async () => {
    let sends = 0;
    for (let round = 0; round < 150; round++) {
      const wakeup = new Wakeup();
      const { fd } = wakeup;
      const counts = sendAll(wakeup);
      for (let woken = 0; woken < round % 5; woken++) {
        expect(wakeup.wait(20_000)).toBe(true);
        expect(wakeup.consume()).toBe(SIGNALLED);
      }
      wakeup.close();
      const strangers = [eventfd(), ...openPipe()];
      expect(strangers).toContain(fd);
      for (const count of await counts) sends += count;
      expect(strangers.map((each) => pollOne(each, POLLIN))).toEqual([0, 0, 0]);
      close(at(strangers, 0));
    }
    expect(sends).toBeGreaterThan(0);
  });

  it("lose nothing while the descriptor is exchanged under them", async () => {
    const wakeup = new Wakeup();
    const before = countDescriptors();
    const counts = sendAll(wakeup);
    for (let round = 0; round < 500; round++) {
      expect(wakeup.reopen()).toBe(0);
      expect(wakeup.wait(20_000)).toBe(true);
      expect(wakeup.consume()).toBe(SIGNALLED);
    }
    expect(countDescriptors()).toBe(before);
    expect(wakeup.wait(20_000)).toBe(true);
    wakeup.close();
    await counts;
    expect(wakeup.control[1]).toBe(0x40000000);
  });

  it("may be terminated in the middle of it", async () => {
    const wakeup = new Wakeup();
    const victims = Array.from({ length: 4 }, () => start("sender.mjs"));
    await Promise.all(victims.map((worker) => once(worker, "message")));
    for (const victim of victims) victim.postMessage(wakeup.control);
    expect(wakeup.wait(20_000)).toBe(true);
    await Promise.all(victims.map((victim) => victim.terminate()));
    expect(wakeup.control[1]).toBe(0);
    wakeup.close();
  });
});

describe.each(["blocked.mjs", "blocked.cjs", "blocked-in-wait.mjs"])(
  "a worker that blocks for ever (%s)",
  (fixture) => {
    async function block(): Promise<{ worker: Worker; progress: Int32Array }> {
      const progress = shared();
      const worker = start(fixture, progress);
      await until(() => Atomics.load(progress, 0) === 1);
      // Long enough to be inside the system call; nothing depends on it.
      await sleep(20);
      return { worker, progress };
    }

    it("is ended by terminate(), every time", async () => {
      for (let round = 0; round < 10; round++) expect(await (await block()).worker.terminate()).toBe(1);
    });

    it("is ended also when it has got a message before, which it could not look at", async () => {
      const { worker, progress } = await block();
      worker.postMessage("not looked at");
      await until(() => (Atomics.load(progress, 2) & THREAD) !== 0);
      await sleep(50);
      expect(await worker.terminate()).toBe(1);
    });

    it("is ended also when the handle that Node ends it with was used before", () => {
      const program = join(FIXTURES, "terminate-after-snapshot.mjs");
      const result = spawnSync(process.execPath, [program, `./${fixture}`], { encoding: "utf8", timeout: 30_000 });
      expect(result.stdout).toBe("1");
    });

    it("does not hold up process.exit() in the main thread", () => {
      const result = spawnSync(process.execPath, [join(FIXTURES, "exit-while-blocked.mjs"), `./${fixture}`], {
        timeout: 30_000,
      });
      expect([result.status, result.signal]).toEqual([7, null]);
    });
  },
);

describe("a worker that is terminated at any moment", () => {
  it("does not take the process with it, not even while the binary is being loaded", () => {
    const program = join(FIXTURES, "terminate-at-any-moment.mjs");
    const result = spawnSync(process.execPath, [program], { encoding: "utf8", timeout: 50_000 });
    expect([result.status, result.signal, result.stdout]).toEqual([0, null, "80"]);
  });
});

describe("watching the thread", () => {
  it("says that Node's own loop has something to do, until the watch ends", async () => {
    const worker = start("sender.mjs");
    await once(worker, "message");
    const wakeup = new Wakeup({ watchThread: true });
    const echo = new Wakeup();
    const ask = (): void => {
      worker.postMessage(echo.control);
      // By this the worker has run; its answer is then on its way to this thread's loop, which is not run here.
      expect(echo.wait(20_000)).toBe(true);
    };
    wakeup.consume();
    ask();
    echo.close();
    expect(wakeup.wait(20_000)).toBe(true);
    expect(wakeup.consume()).toBe(THREAD);
    expect(wakeup.watchThread(false)).toBe(0);
    expect(wakeup.wait(5)).toBe(false);
    expect(wakeup.watchThread(true)).toBe(0);
    expect(wakeup.wait(20_000)).toBe(true);
    wakeup.close();
    await worker.terminate();
  });

  it("goes on reporting, now and then, while that loop is kept waiting, and stops when it has run", async () => {
    const worker = start("sender.mjs");
    await once(worker, "message");
    const wakeup = new Wakeup({ watchThread: true });
    const closed = new Wakeup();
    closed.close();
    wakeup.consume();
    worker.postMessage(closed.control);
    for (let round = 0; round < 3; round++) {
      expect(wakeup.wait(20_000)).toBe(true);
      expect(wakeup.consume()).toBe(THREAD);
    }
    await once(worker, "message");
    await worker.terminate();
    wakeup.close();
  });
});

describe("a Wakeup that nobody closes", () => {
  it("leaves nothing open when its worker is terminated, and refuses sends from then on", async () => {
    const first = start("owner.mjs");
    await once(first, "message");
    await first.terminate();
    const before = countDescriptors();
    const worker = start("owner.mjs");
    const [control] = (await once(worker, "message")) as [Int32Array];
    expect(countDescriptors()).toBeGreaterThanOrEqual(before + 50);
    expect(sendWakeup(control)).toBe(true);
    await worker.terminate();
    expect(countDescriptors()).toBe(before);
    expect(sendWakeup(control)).toBe(false);
    const stranger = own(eventfd());
    expect(sendWakeup(control)).toBe(false);
    expect(pollOne(stranger, POLLIN)).toBe(0);
  });

  it("leaves nothing open when it is garbage-collected", () => {
    const result = spawnSync(process.execPath, ["--expose-gc", join(FIXTURES, "collected.mjs")], {
      encoding: "utf8",
      timeout: 50_000,
    });
    expect(JSON.parse(result.stdout)).toEqual({ held: 50, left: 0, sent: false });
  });
});
