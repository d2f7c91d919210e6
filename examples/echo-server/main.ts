/**
 * A TCP echo server on the configured backend, under load from a second process, with live figures.
 *
 *     npm start -- [--seconds 4] [--connections 50] [--size 64]
 *     POLYLOOP_BACKEND=epoll npm start        another backend, and not a line of this changes
 *
 * The pieces: echo-server.ts accepts, connection.ts echoes, load.ts starts load-client.ts and reads its reports.
 */
import { createLoop } from "@polyloop/loop-core";
import { refuse } from "../errors.js";
import { EchoServer } from "./echo-server.js";
import { Figures } from "./figures.js";
import { startLoad, type LoadReport } from "./load.js";
import { readOptions } from "./options.js";

const options = readOptions();
const loop = await createLoop().catch(refuse);

const server = new EchoServer(loop, "127.0.0.1", 0);
const figures = new Figures(process.stdout);
figures.introduce(loop, server.port);

let last: LoadReport | undefined;
const loadExit = startLoad(loop, server.port, options, {
  onReport(report) {
    last = report;
    figures.update(report);
  },
  // The only end there is: with the server closed nothing is left to watch, and `run()` returns.
  onEnd() {
    server.close();
  },
});

// `run()` owns the thread, so a setInterval would wait for its end; the loop has timers of its own. This one alone does not
// keep the loop going.
loop.timer(
  figures.interval,
  () => {
    figures.show(server.connections.size);
  },
  { repeat: figures.interval, ref: false },
);

loop.run();
loop.close();

// Now Node's own events can happen again, the exit of the child among them.
const exit = await loadExit();
if (last !== undefined) figures.conclude(options.connections);
if (exit !== 0) {
  console.error(`the load client failed (${String(exit)})`);
  process.exitCode = 1;
} else if (last !== undefined && last.failed > 0) {
  console.error(`${String(last.failed)} connections failed: ${last.failure ?? ""}`);
  process.exitCode = 1;
}
