import { epoll } from "@polyloop/backend-epoll";
import type { BackendFactory } from "@polyloop/loop-core";
import { LinuxAioBackend } from "./backend.js";
import { nativePort } from "./native.js";
import { probe } from "./probe.js";

/**
 * The Linux AIO backend, as a factory for `new Loop({ backend: linuxaio() })`. Needs Linux 4.19; where it cannot run, and when
 * it fails, the loop goes on with epoll.
 */
export function linuxaio(): BackendFactory {
  return {
    name: "linuxaio",
    probe: () => probe(nativePort),
    create: (context) => new LinuxAioBackend(context, nativePort),
    fallback: epoll(),
  };
}
