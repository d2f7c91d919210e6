import { readFileSync } from "node:fs";
import { EAGAIN, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM } from "@polyloop/backend-epoll/errno";
import { type Explanation, Refusals } from "@polyloop/backend-epoll/refusals";

const DISABLED = "kernel.io_uring_disabled";

/** What is said when the kernel refuses something. */
export const refusals = new Refusals("iouring", "io_uring_setup", explain);

function explain(syscall: string, errno: number): Explanation {
  const remedy = remedyOf(syscall, errno);
  if (syscall === "io_uring_enter" && errno === EPERM) return { meaning: FORBIDDEN, remedy };
  if (syscall !== "io_uring_setup") return { remedy };
  const code = errno === EOPNOTSUPP ? "ERR_KERNEL_TOO_OLD" : undefined;
  return { code, meaning: meaningOf(errno), remedy };
}

const FORBIDDEN = "a seccomp profile or a security module forbids it";

/** To set up a ring takes io_uring_register, too. */
function meaningOf(errno: number): string | undefined {
  if (errno === EOPNOTSUPP) return "its waits have no timeouts, or it loses completions: that came with Linux 5.11";
  if (errno === ENOSYS) return "the kernel was built without CONFIG_IO_URING, or a seccomp profile hides it";
  if (errno === ENOMEM) return "no memory, or before Linux 5.12 no more that may be locked: RLIMIT_MEMLOCK";
  if (errno !== EPERM) return undefined;
  const disabled = setting();
  if (disabled === "2") return `${DISABLED} is 2: nobody may use it`;
  if (disabled === "1") return `${DISABLED} is 1: only its group and privileged processes may use it`;
  return `${FORBIDDEN}, or io_uring_register`;
}

function remedyOf(syscall: string, errno: number): string | undefined {
  if (syscall === "io_uring_setup" && errno === EOPNOTSUPP) return "Use a newer kernel, or the epoll backend";
  if (syscall === "io_uring_setup" && errno === EPERM && Number(setting()) > 0) {
    return `Allow it with sysctl -w ${DISABLED}=0, or use the epoll backend`;
  }
  if (errno === EPERM || errno === ENOSYS) {
    return "Allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile, or use the epoll backend";
  }
  if (errno === ENOMEM || errno === EAGAIN) return "Raise RLIMIT_MEMLOCK (ulimit -l) or the memory limit of the group";
  return undefined;
}

/** The sysctl that switches io_uring off (Linux 6.6); empty where there is none. */
function setting(): string {
  try {
    return readFileSync(`/proc/sys/${DISABLED.replace(".", "/")}`, "utf8").trim();
  } catch {
    return "";
  }
}
