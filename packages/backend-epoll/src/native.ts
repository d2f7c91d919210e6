import { loadAddon } from "@polyloop/sys/loader";
import type { EpollPort, EpollSet } from "./port.js";

interface Addon {
  readonly EpollSet: new () => EpollSet;
}

let addon: Addon | undefined;

/** The kernel itself, through the addon, which is opened at the first use. */
export const nativePort: EpollPort = {
  open() {
    addon ??= loadAddon<Addon>({ name: "backend-epoll", from: import.meta.url });
    return new addon.EpollSet();
  },
};
