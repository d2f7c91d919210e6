import { type BackendContext, READ } from "@polyloop/loop-core";
import { EpollBackend } from "../src/backend.js";
import { type FakeCall, FakeKernel } from "../testing/fake-kernel.js";
import { type Hands, hands, newContext } from "../testing/hands.js";

/** The state machine on a fake kernel, and the hands of core. */
export interface Stage extends Hands {
  readonly kernel: FakeKernel;
  readonly backend: EpollBackend;
  readonly context: BackendContext;
  /** A number that is watched for READ, and stands for a new file since the last poll. */
  readonly reused: (pollable?: boolean) => number;
  /** How often a system call was made. */
  readonly calls: (name: FakeCall) => number;
}

/** Sets up a new one. */
export function stage(): Stage {
  const kernel = new FakeKernel();
  const context = newContext();
  const backend = new EpollBackend(context, kernel);
  const core = hands(backend);
  return {
    kernel,
    backend,
    context,
    ...core,
    reused(pollable = true) {
      const fd = kernel.descriptors.create();
      core.want(fd, READ);
      core.look();
      kernel.descriptors.close(fd);
      return kernel.descriptors.create(pollable, fd);
    },
    calls: (name) => kernel.calls.get(name) ?? 0,
  };
}
