import { type BackendContext, DescriptorMap, describeEvents, type Interest, type Sink } from "@polyloop/loop-core";
import { EpollBackend } from "../src/backend.js";
import { type FakeCall, FakeKernel } from "../testing/fake-kernel.js";

/** The state machine on a fake kernel, and the hands of core. */
export interface Stage {
  readonly kernel: FakeKernel;
  readonly backend: EpollBackend;
  readonly context: BackendContext;
  readonly sink: Sink;
  /** Says what is wanted of a descriptor, as core does: with what it said last. */
  readonly want: (fd: number, interest: Interest) => void;
  /** One poll, and what it reported, sorted: `"7 READ|HANGUP"`, `"8 failed 9"`. */
  readonly look: (timeout?: number) => string[];
  /** How often a system call was made. */
  readonly calls: (name: FakeCall) => number;
}

/** Sets up a new one. */
export function stage(): Stage {
  const kernel = new FakeKernel();
  const context: BackendContext = { generations: new DescriptorMap(), stamp: new Float64Array(2) };
  const backend = new EpollBackend(context, kernel);
  const told = new Map<number, Interest>();
  let lines: string[] = [];
  const sink: Sink = {
    ready: (fd, events) => void lines.push(`${String(fd)} ${describeEvents(events)}`),
    failed: (fd, errno) => {
      told.delete(fd);
      lines.push(`${String(fd)} failed ${String(errno)}`);
    },
    rearm: (fd) => void lines.push(`${String(fd)} rearm`),
  };
  return {
    kernel,
    backend,
    context,
    sink,
    want(fd, interest) {
      backend.modify(fd, told.get(fd) ?? 0, interest);
      told.set(fd, interest);
    },
    look(timeout = 0) {
      lines = [];
      backend.poll(timeout, sink);
      return lines.sort();
    },
    calls: (name) => kernel.calls.get(name) ?? 0,
  };
}
