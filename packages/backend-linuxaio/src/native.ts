import { release } from "node:os";
import type { Notifier } from "@polyloop/backend-epoll/doorbell";
import { loadAddon } from "@polyloop/sys/loader";
import type { AioContext, AioPort } from "./port.js";

interface Addon {
  readonly AioContext: new (requests: number, readsRing: boolean) => AioContext;
  readonly Notifier: new () => Notifier;
}

let addon: Addon | undefined;

function load(): Addon {
  addon ??= loadAddon<Addon>({ name: "backend-linuxaio", from: import.meta.url });
  return addon;
}

/** The kernel itself, through the addon, which is opened at the first use. Without the ring, completions cost system calls. */
export function portTo({ readsRing }: { readonly readsRing: boolean }): AioPort {
  return {
    release: release(),
    open: (requests) => new (load().AioContext)(requests, readsRing),
    openNotifier: () => new (load().Notifier)(),
  };
}

/** The kernel as this backend uses it. */
export const nativePort: AioPort = portTo({ readsRing: true });
