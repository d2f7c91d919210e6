import { Delegate } from "@polyloop/backend-epoll/delegate";
import { type Hands, hands, newContext, type Surroundings, surroundingsOf } from "@polyloop/backend-epoll/testing";
import type { BackendContext } from "@polyloop/loop-core";
import { LinuxAioBackend } from "../src/backend.js";
import { type FakeCall, FakeKernel, type Nature } from "../testing/fake-kernel.js";

/** The state machine on a fake kernel, and the hands of core. */
export interface Stage extends Hands, Surroundings<Nature, FakeCall> {
  readonly kernel: FakeKernel;
  readonly backend: LinuxAioBackend;
  readonly context: BackendContext;
  /** Turns that change nothing, until what goes on in the background is over. */
  readonly rest: () => void;
}

/** Sets up a new one. */
export function stage(): Stage {
  const kernel = new FakeKernel();
  const context = newContext();
  const backend = new LinuxAioBackend(context, kernel, new Delegate(kernel.epoll));
  const core = hands(backend);
  return {
    kernel,
    backend,
    context,
    ...core,
    ...surroundingsOf(kernel),
    rest() {
      for (let turn = 0; turn < 40; turn++) core.look();
    },
  };
}
