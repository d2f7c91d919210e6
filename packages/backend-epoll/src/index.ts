import type { BackendFactory } from "@polyloop/loop-core";
import { EpollBackend } from "./backend.js";
import { nativePort } from "./native.js";
import { probe } from "./probe.js";

/**
 * The epoll backend, as a factory for `new Loop({ backend: epoll() })`. Runs on every kernel that Node runs on; waits finer
 * than a millisecond need Linux 5.11.
 */
export function epoll(): BackendFactory {
  return {
    name: "epoll",
    probe: () => probe(nativePort),
    create: (context) => new EpollBackend(context, nativePort),
  };
}
