import type { Notifier } from "@polyloop/backend-epoll/doorbell";
import { loadAddon } from "@polyloop/sys/loader";
import type { IoUringPort, Ring } from "./port.js";

interface Addon {
  readonly Ring: new (submissions: number, completions: number, without: number) => Ring;
  readonly Notifier: new () => Notifier;
}

let addon: Addon | undefined;

function load(): Addon {
  addon ??= loadAddon<Addon>({ name: "backend-iouring", from: import.meta.url });
  return addon;
}

/** The kernel itself, through the addon, which is opened at the first use; as if it did not know some features. */
export function portWithout(features: number): IoUringPort {
  return {
    open: (submissions, completions) => new (load().Ring)(submissions, completions, features),
    openNotifier: () => new (load().Notifier)(),
  };
}

/** The kernel with all that it knows. */
export const nativePort: IoUringPort = portWithout(0);
