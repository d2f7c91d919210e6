// How a ring is opened, called and closed: with the best of what this kernel knows.
#ifndef POLYLOOP_BACKEND_IOURING_RING_HANDLE_H_
#define POLYLOOP_BACKEND_IOURING_RING_HANDLE_H_

#include <cstddef>
#include <cstdint>

#include "kernel-abi.h"

namespace backend_iouring {

// Beside the kernel's IORING_SETUP_ flags; src/port.ts has the same numbers.
constexpr uint32_t kRestricted = 1U << 20;
constexpr uint32_t kRegisteredRing = 1U << 21;
constexpr uint32_t kSkipSuccess = 1U << 22;
constexpr uint32_t kNoIowait = 1U << 23;
constexpr uint32_t kNumberless = 1U << 24;
constexpr uint32_t kMultishot = 1U << 25;

class RingHandle {
 public:
  // Opens a ring with at least so many places, as far as the kernel goes, and without the features named. Returns 0 or
  // a negative errno; EOPNOTSUPP stands for a kernel before 5.11.
  int Open(unsigned submissions, unsigned completions, uint32_t without);

  // What the kernel made of it.
  const io_uring_params& params() const { return params_; }
  uint32_t features() const { return features_; }
  // The descriptor; -1 if it has no number, which is so only after `Seal`.
  int fd() const { return fd_; }

  // Nothing is to be mapped any more: gives up the descriptor's number, where the ring can live without one.
  void Seal();

  int Enter(unsigned to_submit, unsigned least, unsigned flags, const void* argument, size_t size) const {
    return EnterCall(name_, to_submit, least, flags | enter_flags_, argument, size);
  }
  int Register(unsigned operation, const void* argument, unsigned count) const;

  // Its number is somebody else's by now: forgets it.
  void Abandon() { fd_ = -1; }
  // `is_mine`: not in a forked child.
  void Close(bool is_mine);

 private:
  int Restrict();
  void GetIndex();

  io_uring_params params_{};
  uint32_t features_ = 0;
  int fd_ = -1;
  // What the calls take: the descriptor, or the index under which this thread has registered it.
  int name_ = -1;
  unsigned enter_flags_ = 0;
};

}  // namespace backend_iouring

#endif  // POLYLOOP_BACKEND_IOURING_RING_HANDLE_H_
