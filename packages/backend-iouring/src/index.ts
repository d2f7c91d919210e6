import { epoll } from "@polyloop/backend-epoll";
import type { BackendFactory } from "@polyloop/loop-core";
import { IoUringBackend } from "./backend.js";
import { nativePort } from "./native.js";
import { probe } from "./probe.js";

/**
 * The io_uring backend, as a factory for `new Loop({ backend: iouring() })`. Needs Linux 5.11 and is at its best from 6.1 on;
 * where it cannot run, and when it fails, the loop goes on with epoll.
 */
export function iouring(): BackendFactory {
  return {
    name: "iouring",
    probe: () => probe(nativePort),
    create: (context) => new IoUringBackend(context, nativePort),
    fallback: epoll(),
  };
}
