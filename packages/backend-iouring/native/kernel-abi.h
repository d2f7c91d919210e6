// What Linux has and the installed headers (6.1) have not, and the system calls, for which there are no functions.
#ifndef POLYLOOP_BACKEND_IOURING_KERNEL_ABI_H_
#define POLYLOOP_BACKEND_IOURING_KERNEL_ABI_H_

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

namespace backend_iouring {

constexpr unsigned kSetupNoSqArray = 1U << 16;             // Linux 6.6
constexpr unsigned kFeatureRegisterByIndex = 1U << 13;     // Linux 6.3, IORING_FEAT_REG_REG_RING
constexpr unsigned kRegisterUseRegisteredRing = 1U << 31;  // Linux 6.3
constexpr unsigned kFeatureNoIowait = 1U << 17;            // Linux 6.15
constexpr unsigned kEnterNoIowait = 1U << 7;               // Linux 6.15

// Each returns what the kernel does, or a negative errno.
inline int SetupCall(unsigned entries, io_uring_params* params) {
  const long result = ::syscall(SYS_io_uring_setup, entries, params);
  return result < 0 ? -errno : static_cast<int>(result);
}

inline int EnterCall(int ring, unsigned to_submit, unsigned least, unsigned flags, const void* argument, size_t size) {
  const long result = ::syscall(SYS_io_uring_enter, ring, to_submit, least, flags, argument, size);
  return result < 0 ? -errno : static_cast<int>(result);
}

inline int RegisterCall(int ring, unsigned operation, const void* argument, unsigned count) {
  const long result = ::syscall(SYS_io_uring_register, ring, operation, argument, count);
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace backend_iouring

#endif  // POLYLOOP_BACKEND_IOURING_KERNEL_ABI_H_
