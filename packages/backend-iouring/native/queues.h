// The two queues of a ring in the memory that it shares with the kernel.
#ifndef POLYLOOP_BACKEND_IOURING_QUEUES_H_
#define POLYLOOP_BACKEND_IOURING_QUEUES_H_

#include <cstddef>
#include <cstdint>

#include "kernel-abi.h"

namespace backend_iouring {

class Queues {
 public:
  Queues() = default;
  ~Queues() { Unmap(); }
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;

  // Returns 0 or a negative errno.
  int Map(int fd, const io_uring_params& params);
  void Unmap();

  // How many requests, and how many completions, there is room for.
  uint32_t submissions() const { return submissions_; }
  uint32_t completions() const { return completions_; }

  // What the kernel says of itself: IORING_SQ_TASKRUN, IORING_SQ_CQ_OVERFLOW. Relaxed: whoever sees a bit enters the
  // kernel, whoever misses one that is just being set sees it the next time or is woken for it.
  uint32_t Flags() const { return __atomic_load_n(submission_flags_, __ATOMIC_RELAXED); }
  // Completions that the kernel had no memory to keep. Relaxed, for the same reason.
  bool HasDropped() const { return __atomic_load_n(dropped_, __ATOMIC_RELAXED) != 0; }

  bool IsEmpty() const { return Tail() == Head(); }

  // Drops the oldest completions, as long as `is_dropped` says so.
  template <class IsDropped>
  void Skip(IsDropped is_dropped);

  // The place of the `index`th request of a batch, zeroed. Room for `submissions()` of them is there whenever the
  // kernel was entered with, or `Retract` was told of, all that were queued before.
  io_uring_sqe* Prepare(uint32_t index);
  // Hands over the batch's first `count` requests, which the next enter is to take.
  void Publish(uint32_t count);
  // Takes back what the kernel has not taken.
  void Retract();

  // Hands up to `most` completions to `store`, the oldest first, which says whether it has stored it, and gives their
  // places back to the kernel. Returns how many were stored.
  template <class Store>
  int Consume(int most, Store store);

 private:
  // Where the kernel writes next. Acquire: what it wrote before it moved the tail must be seen after it.
  uint32_t Tail() const { return __atomic_load_n(completion_tail_, __ATOMIC_ACQUIRE); }
  // Where we read next: nobody else moves it.
  uint32_t Head() const { return *completion_head_; }

  void* rings_ = nullptr;
  size_t rings_size_ = 0;
  io_uring_sqe* entries_ = nullptr;
  size_t entries_size_ = 0;
  uint32_t submissions_ = 0;
  uint32_t completions_ = 0;
  // Where the next batch begins.
  uint32_t next_ = 0;
  uint32_t* submission_head_ = nullptr;
  uint32_t* submission_tail_ = nullptr;
  uint32_t* submission_flags_ = nullptr;
  uint32_t* completion_head_ = nullptr;
  uint32_t* completion_tail_ = nullptr;
  uint32_t* dropped_ = nullptr;
  const io_uring_cqe* answers_ = nullptr;
};

template <class Store>
int Queues::Consume(int most, Store store) {
  uint32_t head = Head();
  const uint32_t tail = Tail();
  int count = 0;
  const uint32_t before = head;
  while (head != tail && count < most) {
    if (store(answers_[head & (completions_ - 1)])) count++;
    head++;
  }
  // Release: the kernel may overwrite the entries as soon as it sees this.
  if (head != before) __atomic_store_n(completion_head_, head, __ATOMIC_RELEASE);
  return count;
}

template <class IsDropped>
void Queues::Skip(IsDropped is_dropped) {
  const uint32_t before = Head();
  const uint32_t tail = Tail();
  uint32_t head = before;
  while (head != tail && is_dropped(answers_[head & (completions_ - 1)])) head++;
  // Release: the kernel may overwrite the entries as soon as it sees this.
  if (head != before) __atomic_store_n(completion_head_, head, __ATOMIC_RELEASE);
}

}  // namespace backend_iouring

#endif  // POLYLOOP_BACKEND_IOURING_QUEUES_H_
