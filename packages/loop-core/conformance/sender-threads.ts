import { Worker } from "node:worker_threads";
import type { AsyncHandleData } from "../src/async-handle.js";
import { Skip } from "./skip.js";

/** Words that the loop's thread and a sending one share: may it begin, what it sent last, what the loop saw last. */
const GO = 0;
const SENT = 1;
const SEEN = 2;
/** Nobody ever notifies this one: a wait for it is a sleep. */
const NOTHING = 3;

/**
 * What a sending thread does: so many bursts of one to three sends, each once the loop has seen the one before. It takes
 * loop-core from where the kit lies, by Node's own resolution: that is the built package, also when the kit itself runs as
 * TypeScript.
 */
const PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const { createRequire } = require("node:module");
const { pathToFileURL } = require("node:url");
const { kit, handle, words, bursts, delay } = workerData;
async function main() {
  const path = createRequire(kit).resolve("@polyloop/loop-core");
  const { AsyncHandle } = await import(pathToFileURL(path).href);
  const sender = AsyncHandle.from(handle);
  parentPort.postMessage("ready");
  Atomics.wait(words, ${String(GO)}, 0);
  for (let burst = 1; burst <= bursts; burst++) {
    if (delay > 0) Atomics.wait(words, ${String(NOTHING)}, 0, delay);
    Atomics.store(words, ${String(SENT)}, burst);
    for (let send = 0; send <= burst % 3; send++) sender.send();
    while (Atomics.load(words, ${String(SEEN)}) < burst) Atomics.wait(words, ${String(SEEN)}, burst - 1);
  }
}
main().catch((error) => parentPort.postMessage(String(error && error.message)));
`;

/** What a thread is to send. */
export interface Sending {
  readonly handle: AsyncHandleData;
  readonly bursts: number;
  /** Milliseconds before each burst, so that the loop is blocked when it comes. */
  readonly delay: number;
}

/** A thread that sends wake-ups to a loop of this one. */
export class SenderThread {
  private readonly words = new Int32Array(new SharedArrayBuffer(16));
  private readonly bursts: number;
  private readonly worker: Worker;
  private readonly answer: Promise<string>;

  constructor(sending: Sending) {
    this.bursts = sending.bursts;
    this.worker = new Worker(PROGRAM, {
      eval: true,
      workerData: { ...sending, kit: import.meta.url, words: this.words },
    });
    this.answer = new Promise((resolve) => {
      this.worker.once("message", resolve);
      this.worker.once("error", (error: Error) => {
        resolve(error.message);
      });
    });
  }

  /** Waits until the thread could begin. */
  async ready(): Promise<void> {
    const answer = await this.answer;
    if (answer !== "ready") throw new Skip(`no thread can use loop-core: ${answer}`);
  }

  /** Lets it begin. */
  begin(): void {
    Atomics.store(this.words, GO, 1);
    Atomics.notify(this.words, GO);
  }

  /** To be called by the callback: tells the thread what was seen. */
  acknowledge(): void {
    Atomics.store(this.words, SEEN, Atomics.load(this.words, SENT));
    Atomics.notify(this.words, SEEN);
  }

  /** Whether the loop has seen the last burst. */
  get done(): boolean {
    return Atomics.load(this.words, SEEN) === this.bursts;
  }

  /** Ends it, wherever it is. */
  async end(): Promise<void> {
    await this.worker.terminate();
  }
}

/** Starts a thread for each of `sendings`, calls `body` once all could begin, and ends them after it. */
export async function withSenders(
  sendings: readonly Sending[],
  body: (threads: readonly SenderThread[]) => void,
): Promise<void> {
  const threads = sendings.map((sending) => new SenderThread(sending));
  try {
    // Threads start while Node's own loop turns, and so before the loop under test does.
    for (const thread of threads) await thread.ready();
    body(threads);
  } finally {
    for (const thread of threads) await thread.end();
  }
}
