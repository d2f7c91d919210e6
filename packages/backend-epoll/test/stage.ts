import {
  type BackendContext,
  DescriptorMap,
  describeEvents,
  type Interest,
  READ,
  type Sink,
} from "@polyloop/loop-core";
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
  /** A number that is watched for READ, and stands for a new file since the last poll. */
  readonly reused: (pollable?: boolean) => number;
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
  const want: Stage["want"] = (fd, interest) => {
    backend.modify(fd, told.get(fd) ?? 0, interest);
    told.set(fd, interest);
  };
  const look: Stage["look"] = (timeout = 0) => {
    lines = [];
    backend.poll(timeout, sink);
    return lines.sort();
  };
  return {
    kernel,
    backend,
    context,
    sink,
    want,
    look,
    reused(pollable = true) {
      const fd = kernel.descriptors.create();
      want(fd, READ);
      look();
      kernel.descriptors.close(fd);
      return kernel.descriptors.create(pollable, fd);
    },
    calls: (name) => kernel.calls.get(name) ?? 0,
  };
}
