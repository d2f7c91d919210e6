import { BackendFailure, BackendUnavailable, errnoCode, errnoText } from "@polyloop/loop-core";

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "Raise fs.epoll.max_user_watches, or watch fewer descriptors",
  EMFILE: "Raise RLIMIT_NOFILE (ulimit -n)",
  ENFILE: "Raise fs.file-max",
};

/** No set could be opened. */
export function unavailable(errno: number): BackendUnavailable {
  const code = errnoCode(errno);
  return new BackendUnavailable("epoll", code, `epoll_create1 failed with ${code} (${errnoText(errno)})`, {
    syscall: "epoll_create1",
    errno: -errno,
    remedy: REMEDIES[code],
  });
}

/** The kernel has run out of something that every descriptor needs. */
export function exhausted(errno: number): BackendFailure {
  const code = errnoCode(errno);
  return new BackendFailure(`epoll failed with ${code} (${errnoText(errno)})`, {
    syscall: "epoll",
    errno: -errno,
    remedy: REMEDIES[code],
  });
}
