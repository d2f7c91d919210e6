/**
 * The other end of the echo server, as a program of its own: opens connections, keeps one message under way on each, and
 * reports on descriptor 3, one line of JSON at a time. Started by load.ts.
 */
import { Buffer } from "node:buffer";
import { createHistogram } from "node:perf_hooks";
import { createLoop } from "@polyloop/loop-core";
import { write } from "@polyloop/sys";
import type { LoadReport } from "./load.js";
import { Pinger } from "./pinger.js";

const REPORTS = 3;
const [port = 0, connections = 0, size = 0, seconds = 0] = process.argv.slice(2).map(Number);

const loop = await createLoop();
const latency = createHistogram();
const started = performance.now();
const message = Buffer.alloc(size, "polyloop ");
const pingers = Array.from({ length: connections }, () => new Pinger(loop, port, message, latency));

function report(): void {
  const line: LoadReport = {
    seconds: (performance.now() - started) / 1000,
    messages: latency.count,
    p50: latency.percentile(50) / 1e6,
    p99: latency.percentile(99) / 1e6,
    failed: pingers.filter((pinger) => pinger.failure !== undefined).length,
    failure: pingers.find((pinger) => pinger.failure !== undefined)?.failure,
  };
  // The reader may be gone; then so are its connections, and that ends the program.
  write(REPORTS, Buffer.from(`${JSON.stringify(line)}\n`));
}

// `ref: false`: neither timer keeps the loop going. It ends when the last connection has.
loop.timer(200, report, { repeat: 200, ref: false });
loop.timer(
  seconds * 1000,
  () => {
    for (const pinger of pingers) pinger.finish();
  },
  { ref: false },
);

loop.run();
report();
loop.close();
