#include "ring.h"

#include <polyloop/fork-era.h>

#include <algorithm>
#include <cerrno>
#include <new>

namespace backend_iouring {
namespace {

// The tag of a removal, whose own answer says nothing: no poll has the descriptor -1.
constexpr uint64_t kRemoval = ~uint64_t{0};

// The kernel has something to hand over that it only does when it is entered.
constexpr uint32_t kHasMore = IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW;

// Of a poll that had to wait the kernel repeats what its waker said, without looking: a socket says IN, PRI and RDBAND
// for every byte, urgent or not, and ERR when the error may be gone already. RDBAND it never says when it does look, so
// who asks for it is told which answers are hearsay.
constexpr uint32_t kHearsay = POLLRDBAND;
constexpr uint32_t kDoubtful = kHearsay | POLLPRI | POLLERR;

constexpr size_t kMostAnswers = size_t{1} << 22;

uint64_t Tag(const int32_t* words) {
  return static_cast<uint32_t>(words[1]) | static_cast<uint64_t>(static_cast<uint32_t>(words[3])) << 32;
}

// 32 bits of mask since Linux 5.9, in two halves of which the first was the whole mask before.
uint32_t ToPoll32(uint32_t mask) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  return mask << 16 | mask >> 16;
#else
  return mask;
#endif
}

bool MayWait(const timespec* timeout) {
  return timeout == nullptr || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
}

}  // namespace

Ring::Ring(unsigned submissions, unsigned completions, uint32_t without) : era_(polyloop::CurrentEra()) {
  error_ = handle_.Open(submissions, completions, without);
  if (error_ != 0) return;
  error_ = queues_.Map(handle_.fd(), handle_.params());
  if (error_ != 0) {
    handle_.Close(true);
    return;
  }
  handle_.Seal();
}

bool Ring::IsMine() const {
  return error_ == 0 && era_ == polyloop::CurrentEra();
}

void Ring::Apply(Words requests, size_t count) {
  Submit(requests.data, count, false, nullptr);
}

int Ring::Exchange(Words requests, size_t count, Words answers, const timespec* timeout) {
  const size_t fitting = (answers.length - kHeaderLength) / kAnswerLength;
  const int capacity = static_cast<int>(std::min(fitting, kMostAnswers));
  int32_t* answer = answers.data + kHeaderLength;
  int stored = IsMine() ? LookFirst(requests, count, answer, capacity) : 0;
  const auto looked = static_cast<size_t>(stored);
  const bool may_wait = stored == 0 && MayWait(timeout);
  const int result = Submit(requests.data + looked * kRequestLength, count - looked, may_wait, timeout);
  if (IsMine()) {
    doubtful_.clear();
    const int taken = Take(answer + looked * kAnswerLength, capacity - stored);
    stored = taken < 0 ? taken : stored + taken;
    if (!doubtful_.empty()) LookAgain();
  }
  polyloop::StoreTimes(answers);
  return stored != 0 ? stored : result;
}

// Asks poll(2) about what is likely to be ready, which costs a fraction of a poll that is answered at once: it need not
// wait, so nothing is queued. Those that are ready are answered, and moved to the front. Returns how many there were.
int Ring::LookFirst(Words requests, size_t count, int32_t* answer, int capacity) {
  questions_.clear();
  origins_.clear();
  try {
    for (size_t index = 0; index < count && questions_.size() < static_cast<size_t>(capacity); index++) {
      const int32_t* words = requests.data + index * kRequestLength;
      if (words[0] != kPollLikely) continue;
      questions_.push_back({words[1], static_cast<short>(words[2]), 0});
      origins_.push_back(index);
    }
  } catch (const std::bad_alloc&) {
    return 0;
  }
  if (questions_.empty() || ::poll(questions_.data(), questions_.size(), 0) <= 0) return 0;
  int stored = 0;
  for (size_t index = 0; index < origins_.size(); index++) {
    const short revents = questions_[index].revents;
    // What is not open is for the ring to say.
    if (revents == 0 || (revents & POLLNVAL) != 0) continue;
    int32_t* words = requests.data + origins_[index] * kRequestLength;
    answer[0] = words[1];
    answer[1] = words[3];
    answer[2] = revents;
    answer[3] = kAtOnce;
    answer += kAnswerLength;
    int32_t* front = requests.data + static_cast<size_t>(stored++) * kRequestLength;
    if (front != words) std::swap_ranges(words, words + kRequestLength, front);
  }
  return stored;
}

// Makes the requests, and waits with the last of them if there is no answer yet. Returns 0, or why the wait ended.
int Ring::Submit(int32_t* requests, size_t count, bool may_wait, const timespec* timeout) {
  size_t done = 0;
  // A forked child: this is what the kernel would answer, and the parent's memory is not touched.
  int result = error_ != 0 ? error_ : IsMine() ? 0 : -EEXIST;
  while (result == 0) {
    const size_t batch = std::min(count - done, size_t{queues_.submissions()});
    const bool waits = may_wait && done + batch == count && queues_.IsEmpty();
    // The cheapest call is none.
    if (batch == 0 && !waits && (queues_.Flags() & kHasMore) == 0) break;
    for (size_t index = 0; index < batch; index++) {
      Prepare(queues_.Prepare(static_cast<uint32_t>(index)), requests + (done + index) * kRequestLength);
    }
    queues_.Publish(static_cast<uint32_t>(batch));
    const int entered = Enter(static_cast<unsigned>(batch), waits, timeout);
    // A time-out, unless requests were made with the wait: then their number hides it.
    if (entered < 0) result = entered;
    if (entered > 0) done += static_cast<size_t>(entered);
    if (done == count) break;
    // Before Linux 5.18 a request that is refused ends its batch, and the next call goes on behind it. Nothing stays in
    // the queue: what lay there would be taken later, a second time.
    queues_.Retract();
    if (entered == 0) result = -EAGAIN;
  }
  if (done == count) return result == -ETIME ? 0 : result;
  for (; done < count; done++) requests[done * kRequestLength + 4] = result;
  // What was not taken is told by the requests.
  return result == -EAGAIN || result == -EBUSY ? 0 : result;
}

void Ring::Prepare(io_uring_sqe* entry, const int32_t* words) const {
  if (words[0] == kRemove) {
    entry->opcode = IORING_OP_POLL_REMOVE;
    entry->fd = -1;
    entry->addr = Tag(words);
    entry->user_data = kRemoval;
    if ((handle_.features() & kSkipSuccess) != 0) entry->flags = IOSQE_CQE_SKIP_SUCCESS;
    return;
  }
  entry->opcode = IORING_OP_POLL_ADD;
  entry->fd = words[1];
  const auto mask = static_cast<uint32_t>(words[2]);
  // For who only waits for room it would be a reason to be woken.
  entry->poll32_events = ToPoll32((mask & (POLLIN | POLLPRI)) != 0 ? mask | kHearsay : mask);
  entry->len = words[0] == kPollMany ? IORING_POLL_ADD_MULTI : 0;
  entry->user_data = Tag(words);
}

int Ring::Enter(unsigned to_submit, bool waits, const timespec* timeout) const {
  // Also without a wait: it makes the kernel hand over what it has put off.
  constexpr unsigned kFlags = IORING_ENTER_GETEVENTS;
  if (!waits) return handle_.Enter(to_submit, 0, kFlags, nullptr, 0);
  if (timeout == nullptr) return handle_.Enter(to_submit, 1, kFlags, nullptr, 0);
  const __kernel_timespec limit{timeout->tv_sec, timeout->tv_nsec};
  io_uring_getevents_arg argument{};
  argument.ts = reinterpret_cast<uintptr_t>(&limit);
  return handle_.Enter(to_submit, 1, kFlags | IORING_ENTER_EXT_ARG, &argument, sizeof argument);
}

// Everything that is there, as far as there is room, also what the kernel has yet to hand over: with DEFER_TASKRUN that
// is 20 at a time, of what found no place as many as there are places.
int Ring::Take(int32_t* answer, int capacity) {
  int stored = TakeReady(answer, capacity);
  for (int calls = 0; stored < capacity && calls < capacity && (queues_.Flags() & kHasMore) != 0; calls++) {
    if (Enter(0, false, nullptr) < 0) break;
    stored += TakeReady(answer + static_cast<size_t>(stored) * kAnswerLength, capacity - stored);
  }
  // No memory to keep a completion in: nobody knows whose it was.
  return queues_.HasDropped() ? -EBADR : stored;
}

int Ring::TakeReady(int32_t* answer, int capacity) {
  return queues_.Consume(capacity, [this, &answer](const io_uring_cqe& completion) {
    if (completion.user_data == kRemoval) return false;
    answer[0] = static_cast<int32_t>(completion.user_data & 0xffffffff);
    answer[1] = static_cast<int32_t>(completion.user_data >> 32);
    answer[2] = completion.res;
    answer[3] = (completion.flags & IORING_CQE_F_MORE) != 0 ? kMore : 0;
    if (answer[2] > 0 && (static_cast<uint32_t>(answer[2]) & kDoubtful) != 0) {
      try {
        doubtful_.push_back(answer);
      } catch (const std::bad_alloc&) {
        // Then it says too much, once.
      }
    }
    answer += kAnswerLength;
    return true;
  });
}

// Finds out what is true of the doubtful answers now.
void Ring::LookAgain() {
  questions_.clear();
  try {
    questions_.reserve(doubtful_.size());
  } catch (const std::bad_alloc&) {
    return;
  }
  for (const int32_t* answer : doubtful_) {
    questions_.push_back({answer[0], static_cast<short>(static_cast<uint32_t>(answer[2]) & ~kHearsay), 0});
  }
  int result = -1;
  // A signal interrupts even a question that does not wait, just when nothing is so.
  do result = ::poll(questions_.data(), questions_.size(), 0);
  while (result < 0 && errno == EINTR);
  for (size_t index = 0; index < doubtful_.size(); index++) {
    const short revents = questions_[index].revents;
    int32_t& mask = doubtful_[index][2];
    if (result < 0) {
      // Better too little, which is asked about anew, than what is not so.
      mask &= ~static_cast<int32_t>(kDoubtful);
    } else {
      mask = (revents & POLLNVAL) != 0 ? -EBADF : revents;
    }
  }
}

bool Ring::HasAnswers() const {
  return IsMine() && (!queues_.IsEmpty() || (queues_.Flags() & kHasMore) != 0);
}

int Ring::Notify(int fd) {
  if (!IsMine()) return error_ != 0 ? error_ : -EEXIST;
  if (notifies_) handle_.Register(IORING_UNREGISTER_EVENTFD, nullptr, 0);
  notifies_ = false;
  if (fd < 0) return 0;
  const int result = handle_.Register(IORING_REGISTER_EVENTFD, &fd, 1);
  notifies_ = result == 0;
  return result;
}

void Ring::Close() {
  if (error_ != 0) return;
  const bool is_mine = IsMine();
  error_ = -EBADF;
  // In this order: the memory keeps the ring alive.
  queues_.Unmap();
  handle_.Close(is_mine);
}

}  // namespace backend_iouring
