#include "ring-handle.h"

#include <algorithm>

namespace backend_iouring {
namespace {

// The best first. What came with which kernel: NO_SQARRAY 6.6, DEFER_TASKRUN 6.1, SINGLE_ISSUER 6.0, COOP_TASKRUN and
// TASKRUN_FLAG 5.19, SUBMIT_ALL 5.18.
constexpr uint32_t kDeferred = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
constexpr uint32_t kCooperative = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;
constexpr uint32_t kChoices[] = {
    kDeferred | IORING_SETUP_SUBMIT_ALL | kSetupNoSqArray,
    kDeferred | IORING_SETUP_SUBMIT_ALL,
    kCooperative | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER,
    kCooperative | IORING_SETUP_SUBMIT_ALL,
    IORING_SETUP_SUBMIT_ALL,
    0,
};

// Linux 5.11 has all of them.
constexpr unsigned kNeeded = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE |
                             IORING_FEAT_POLL_32BITS | IORING_FEAT_EXT_ARG;

io_uring_restriction AllowOperation(uint8_t operation) {
  io_uring_restriction allowed{};
  allowed.opcode = IORING_RESTRICTION_SQE_OP;
  allowed.sqe_op = operation;
  return allowed;
}

io_uring_restriction AllowFlags(uint8_t flags) {
  io_uring_restriction allowed{};
  allowed.opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  allowed.sqe_flags = flags;
  return allowed;
}

io_uring_restriction AllowRegister(uint8_t operation) {
  io_uring_restriction allowed{};
  allowed.opcode = IORING_RESTRICTION_REGISTER_OP;
  allowed.register_op = operation;
  return allowed;
}

// Whether a number stands for a ring: to enter it without a wish says so.
bool IsRing(int fd) {
  const int result = EnterCall(fd, 0, 0, 0, nullptr, 0);
  return result != -EBADF && result != -EOPNOTSUPP;
}

}  // namespace

int RingHandle::Open(unsigned submissions, unsigned completions, uint32_t without) {
  int result = -EINVAL;
  for (const uint32_t choice : kChoices) {
    features_ = choice & ~without;
    params_ = {};
    params_.flags = features_ | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED;
    params_.cq_entries = completions;
    result = SetupCall(submissions, &params_);
    if (result != -EINVAL) break;
  }
  // Before Linux 5.10 nothing knows R_DISABLED.
  if (result == -EINVAL) return -EOPNOTSUPP;
  if (result < 0) return result;
  fd_ = name_ = result;
  if ((params_.features & kNeeded) != kNeeded) {
    Close(true);
    return -EOPNOTSUPP;
  }
  if ((params_.features & IORING_FEAT_CQE_SKIP) != 0) features_ |= kSkipSuccess & ~without;
  if ((params_.features & kFeatureNoIowait) != 0) features_ |= kNoIowait & ~without;
  if ((features_ & kNoIowait) != 0) enter_flags_ |= kEnterNoIowait;
  // Multishot polls came with 5.13, as did this.
  if ((params_.features & IORING_FEAT_RSRC_TAGS) != 0) features_ |= kMultishot & ~without;
  if ((without & kRegisteredRing) == 0) GetIndex();
  if ((params_.features & kFeatureRegisterByIndex) != 0 && (features_ & kRegisteredRing) != 0) {
    features_ |= kNumberless & ~without;
  }
  result = (without & kRestricted) == 0 ? Restrict() : 0;
  if (result == 0) result = RegisterCall(fd_, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result < 0) Close(true);
  return result < 0 ? result : 0;
}

// From now on the ring does what this backend needs, and nothing else for anybody (Linux 5.10). Returns 0 or a negative
// errno.
int RingHandle::Restrict() {
  const io_uring_restriction allowed[] = {
      AllowOperation(IORING_OP_POLL_ADD),       AllowOperation(IORING_OP_ASYNC_CANCEL),
      AllowFlags(IOSQE_CQE_SKIP_SUCCESS),       AllowRegister(IORING_REGISTER_EVENTFD),
      AllowRegister(IORING_UNREGISTER_EVENTFD), AllowRegister(IORING_UNREGISTER_RING_FDS),
  };
  // Who has no index need not give it back, and the kernel may not know how to.
  const unsigned count = sizeof allowed / sizeof *allowed - ((features_ & kRegisteredRing) != 0 ? 0 : 1);
  const int result = RegisterCall(fd_, IORING_REGISTER_RESTRICTIONS, allowed, count);
  if (result == 0) features_ |= kRestricted;
  // Not known here: it works without.
  return result == -EINVAL ? 0 : std::min(result, 0);
}

// An index of this thread's own, which spares each call the search for the descriptor (Linux 5.18). A thread has 16.
void RingHandle::GetIndex() {
  io_uring_rsrc_update update{};
  update.offset = ~0U;
  update.data = static_cast<uint64_t>(fd_);
  if (RegisterCall(fd_, IORING_REGISTER_RING_FDS, &update, 1) != 1) return;
  features_ |= kRegisteredRing;
  name_ = static_cast<int>(update.offset);
  enter_flags_ |= IORING_ENTER_REGISTERED_RING;
}

void RingHandle::Seal() {
  if ((features_ & kNumberless) == 0) return;
  ::close(fd_);
  fd_ = -1;
}

int RingHandle::Register(unsigned operation, const void* argument, unsigned count) const {
  if (fd_ >= 0) return RegisterCall(fd_, operation, argument, count);
  return RegisterCall(name_, operation | kRegisterUseRegisteredRing, argument, count);
}

void RingHandle::Close(bool is_mine) {
  // A program that closes the number by mistake may have another file there by now; one that is a ring is ours.
  const bool is_ours = fd_ >= 0 && IsRing(fd_);
  // A child has no index, but a copy of the number, if there is one.
  if ((features_ & kRegisteredRing) != 0 && is_mine && (is_ours || fd_ < 0)) {
    io_uring_rsrc_update update{};
    update.offset = static_cast<uint32_t>(name_);
    Register(IORING_UNREGISTER_RING_FDS, &update, 1);
  }
  if (is_ours) ::close(fd_);
  fd_ = name_ = -1;
  features_ = 0;
}

}  // namespace backend_iouring
