import { type BackendFailure, type BackendUnavailable, errnoCode } from "@polyloop/loop-core";
import { Refusals } from "./refusals.js";

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "Raise fs.epoll.max_user_watches, or watch fewer descriptors",
  EMFILE: "Raise RLIMIT_NOFILE (ulimit -n)",
  ENFILE: "Raise fs.file-max",
};

const refusals = new Refusals("epoll", "epoll_create1", (_syscall, errno) => ({ remedy: REMEDIES[errnoCode(errno)] }));

/** No set could be opened. */
export function unavailable(errno: number): BackendUnavailable {
  return refusals.unavailable(errno);
}

/** The kernel has run out of something that every descriptor needs. */
export function exhausted(errno: number): BackendFailure {
  return refusals.exhausted("epoll", errno);
}
