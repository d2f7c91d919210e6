import { relative } from "node:path";
import type { Loop } from "@polyloop/loop-core";
import { createLogUpdate } from "log-update";
import type { LoadReport } from "./load.js";

const START: LoadReport = { seconds: 0, messages: 0, p50: 0, p99: 0, failed: 0 };

/** What the echo server shows: in place on a terminal, as one line after the other anywhere else. */
export class Figures {
  /** Milliseconds from one `show()` to the next. */
  readonly interval: number;
  private readonly live: ((text: string) => void) | undefined;
  private before = START;
  private latest = START;

  constructor(output: NodeJS.WriteStream) {
    // A terminal that does not know its size (some serial consoles) cannot be drawn on.
    const drawable = output.isTTY && output.columns > 0 && output.rows > 0;
    // Hiding the cursor would install a handler for SIGINT, and a handler in JavaScript cannot run before `run()` returns:
    // Ctrl-C would do nothing.
    this.live = drawable ? createLogUpdate(output, { showCursor: true }) : undefined;
    this.interval = drawable ? 250 : 1000;
  }

  update(report: LoadReport): void {
    this.latest = report;
  }

  /** Which backend runs, who asked for it, and why it is not another one. */
  introduce(loop: Loop, port: number): void {
    const { name, requested, source, skipped } = loop.backend;
    const asking = source.startsWith("/") ? relative(process.cwd(), source) : source;
    console.log(`backend      ${name} (${asking} asks for ${requested.join(", then ")})`);
    for (const { name, code, reason, remedy } of skipped) {
      console.log(`not used     ${name}: ${reason} (${code})${remedy === undefined ? "" : `. ${remedy}`}`);
    }
    console.log(`listening    127.0.0.1:${String(port)}`);
  }

  show(connections: number): void {
    const { before, latest } = this;
    const rate = latest === before ? 0 : (latest.messages - before.messages) / (latest.seconds - before.seconds);
    this.before = latest;
    if (this.live === undefined) {
      console.log(
        `${latest.seconds.toFixed(1)} s   ${String(connections)} connections   ${count(rate)} messages/s   ` +
          percentiles(latest),
      );
    } else if (latest !== before || latest === START) {
      this.live(
        `connections  ${String(connections)}\nmessages/s   ${count(rate)}\nlatency      ${percentiles(latest)}\n` +
          `time         ${latest.seconds.toFixed(1)} s`,
      );
    }
  }

  /** The whole run. */
  conclude(connections: number): void {
    const { seconds, messages } = this.latest;
    console.log(
      `total        ${count(messages)} messages over ${String(connections)} connections in ${seconds.toFixed(1)} s\n` +
        `             ${count(messages / seconds)} messages/s   ${percentiles(this.latest)}`,
    );
  }
}

function percentiles({ p50, p99 }: LoadReport): string {
  return `p50 ${p50.toFixed(3)} ms   p99 ${p99.toFixed(3)} ms`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
