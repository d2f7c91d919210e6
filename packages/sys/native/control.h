// The shared words of a wake-up, and who may touch them when. `src/wakeup.ts` documents the same slots for JavaScript.
//
// A sender on any thread enters (adds 1 to kState), looks at the bits, writes to the descriptor, leaves. The owner,
// before it closes the descriptor or puts another in its place, sets a bit and waits until no sender is inside: senders
// that come later see the bit and write nothing. So a write can never reach a descriptor that stands for a new file.
//
// It is native code because worker.terminate() can end JavaScript between any two operations; a thread inside a native
// function always reaches its end.
#ifndef POLYLOOP_SYS_CONTROL_H_
#define POLYLOOP_SYS_CONTROL_H_

#include <sched.h>

#include <cstddef>
#include <cstdint>

namespace sys {

constexpr size_t kDescriptor = 0;
constexpr size_t kState = 1;
// 2 and 3, WANTED and SKIPPED, belong to the protocol of loop-core.
constexpr size_t kControlLength = 4;

constexpr int32_t kClosed = 0x40000000;
constexpr int32_t kReopening = 0x20000000;
constexpr int32_t kSenders = 0x1fffffff;

// The eventfd is never 0, 1 or 2, so that an array of zeros (made by hand, or not initialised yet) is recognised
// before something is written to standard input.
constexpr int kLowestDescriptor = 3;

class Control {
 public:
  explicit Control(int32_t* words) : words_(words) {}

  int Descriptor() const { return __atomic_load_n(&words_[kDescriptor], __ATOMIC_SEQ_CST); }
  void SetDescriptor(int fd) { __atomic_store_n(&words_[kDescriptor], fd, __ATOMIC_SEQ_CST); }

  // Sender's side. The bits returned are those of the moment of entering: acquired, so that the descriptor read after
  // them is the one published before they were cleared.
  int32_t Enter() { return __atomic_fetch_add(&words_[kState], 1, __ATOMIC_ACQ_REL) & ~kSenders; }
  // Released, so that the write is over when the owner sees the count fall.
  void Leave() { __atomic_fetch_sub(&words_[kState], 1, __ATOMIC_RELEASE); }

  // Owner's side.
  void Lock(int32_t bit) {
    __atomic_fetch_or(&words_[kState], bit, __ATOMIC_SEQ_CST);
    // A sender inside is in one write to an eventfd that never blocks: a yield or two.
    while ((__atomic_load_n(&words_[kState], __ATOMIC_ACQUIRE) & kSenders) != 0) ::sched_yield();
  }
  void Unlock(int32_t bit) { __atomic_fetch_and(&words_[kState], ~bit, __ATOMIC_SEQ_CST); }
  // After a fork: the threads of the senders that were inside do not exist here, and would be waited for without end.
  void ForgetSenders() { __atomic_fetch_and(&words_[kState], ~kSenders, __ATOMIC_SEQ_CST); }

 private:
  int32_t* words_;
};

}  // namespace sys

#endif  // POLYLOOP_SYS_CONTROL_H_
