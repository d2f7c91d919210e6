#include "queues.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

namespace backend_iouring {

int Queues::Map(int fd, const io_uring_params& params) {
  const bool has_array = (params.flags & kSetupNoSqArray) == 0;
  rings_size_ = params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe);
  if (has_array) {
    rings_size_ = std::max(rings_size_, params.sq_off.array + params.sq_entries * sizeof(uint32_t));
  }
  entries_size_ = params.sq_entries * sizeof(io_uring_sqe);
  const auto map = [fd](size_t size, off_t what) {
    return ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);
  };
  void* rings = map(rings_size_, IORING_OFF_SQ_RING);
  if (rings == MAP_FAILED) return -errno;
  rings_ = rings;
  void* entries = map(entries_size_, IORING_OFF_SQES);
  if (entries == MAP_FAILED) {
    const int error = errno;
    Unmap();
    return -error;
  }
  entries_ = static_cast<io_uring_sqe*>(entries);
  const auto at = [rings](uint32_t offset) { return reinterpret_cast<uint32_t*>(static_cast<char*>(rings) + offset); };
  submissions_ = params.sq_entries;
  completions_ = params.cq_entries;
  submission_head_ = at(params.sq_off.head);
  submission_tail_ = at(params.sq_off.tail);
  submission_flags_ = at(params.sq_off.flags);
  completion_head_ = at(params.cq_off.head);
  completion_tail_ = at(params.cq_off.tail);
  dropped_ = at(params.cq_off.overflow);
  answers_ = reinterpret_cast<const io_uring_cqe*>(at(params.cq_off.cqes));
  // Before Linux 6.6 entries are named by an array; each stays at its own place.
  for (uint32_t index = 0; has_array && index < submissions_; index++) at(params.sq_off.array)[index] = index;
  return 0;
}

void Queues::Unmap() {
  if (rings_ != nullptr) ::munmap(rings_, rings_size_);
  if (entries_ != nullptr) ::munmap(entries_, entries_size_);
  rings_ = nullptr;
  entries_ = nullptr;
}

io_uring_sqe* Queues::Prepare(uint32_t index) {
  io_uring_sqe* entry = &entries_[(next_ + index) & (submissions_ - 1)];
  // What an earlier request left would be refused, or worse.
  std::memset(entry, 0, sizeof *entry);
  return entry;
}

void Queues::Publish(uint32_t count) {
  next_ += count;
  // Release: the entries are written before the kernel can see that they are there.
  __atomic_store_n(submission_tail_, next_, __ATOMIC_RELEASE);
}

void Queues::Retract() {
  // Acquire: the kernel has read the entries before the head.
  next_ = __atomic_load_n(submission_head_, __ATOMIC_ACQUIRE);
  // Relaxed: only our own calls make the kernel look.
  __atomic_store_n(submission_tail_, next_, __ATOMIC_RELAXED);
}

}  // namespace backend_iouring
