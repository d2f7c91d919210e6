import { readdirSync, readlinkSync } from "node:fs";

/** The descriptors of this process and what they are. */
export function openDescriptors(): Map<number, string> {
  const open = new Map<number, string>();
  for (const name of readdirSync("/proc/self/fd")) {
    try {
      open.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The one through which the directory was read.
    }
  }
  return open;
}
