#include "ring.h"

#include <poll.h>
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

// Whether more may be said than is so; `all`: of whatever comes. PRI without RDBAND is what the kernel has seen itself,
// and with some files, such as /proc/self/mounts, to look is to take: whoever looks again sees nothing.
bool IsDoubtful(int32_t result, bool all) {
  const auto mask = static_cast<uint32_t>(result);
  if (result <= 0 || (mask & kHearsay) != 0) return result > 0;
  return (mask & POLLPRI) == 0 && (all || (mask & POLLERR) != 0);
}

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

void Swap(int32_t* requests, size_t one, size_t other) {
  if (one == other) return;
  int32_t* words = requests + one * kRequestLength;
  std::swap_ranges(words, words + kRequestLength, requests + other * kRequestLength);
}

// Moves looks to the front, and what is likely to be ready behind them. Returns how many they are.
size_t MoveQuestionsToFront(int32_t* requests, size_t count) {
  size_t looks = 0;
  size_t questions = 0;
  for (size_t index = 0; index < count; index++) {
    const int32_t operation = requests[index * kRequestLength];
    if (operation != kLook && operation != kPollLikely) continue;
    Swap(requests, questions, index);
    if (operation == kLook) Swap(requests, looks++, questions);
    questions++;
  }
  return questions;
}

// Whether a call did not reach the ring: its number is somebody else's, or it is another process's.
bool IsElsewhere(int result) {
  return result == -EBADF || result == -EOPNOTSUPP || result == -EEXIST;
}

}  // namespace

int32_t* Ring::Room::Store(int32_t fd, int32_t generation, int32_t result, int32_t word) {
  int32_t* answer = next;
  answer[0] = fd;
  answer[1] = generation;
  answer[2] = result;
  answer[3] = word;
  next += kAnswerLength;
  left--;
  return answer;
}

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
  Room room{answers.data + kHeaderLength, capacity};
  size_t done = 0;
  if (IsMine()) {
    const size_t questions = MoveQuestionsToFront(requests.data, count);
    if (questions > 0) {
      // What has come by now comes first: what is found out afterwards is so of all that was told until then.
      const int kept = std::min(static_cast<int>(questions), capacity / 2);
      room.left -= kept;
      if (HasAnswers()) Take(&room, kEarly);
      const int rest = room.left;
      room.left = kept;
      done = Ask(requests.data, questions, &room);
      room.left += rest;
    }
  }
  const bool has_failed = done > 0 && requests.data[kRequestLength - 1] != 0;
  const bool may_wait = MayWait(timeout) && room.left == capacity && !has_failed;
  const int result = Submit(requests.data + done * kRequestLength, count - done, may_wait, timeout);
  if (IsMine()) {
    Take(&room, 0);
    if (!doubtful_.empty()) Ask(nullptr, 0, &room);
  }
  polyloop::StoreTimes(answers);
  // No memory to keep a completion in: nobody knows whose it was.
  if (IsMine() && queues_.HasDropped()) return -EBADR;
  // Whoever has to be asked elsewhere will tell again what was stored.
  return room.left == capacity || IsElsewhere(result) ? result : capacity - room.left;
}

// Asks poll(2) what is so now: of polls that go on, which tell only what comes, of what is likely to be ready, and of
// the answers that are in doubt. Returns how many requests that was all for, which are the first ones then; the others
// are to be polled. Looks that are not answered, for want of memory or room, are marked and come before those that are.
size_t Ring::Ask(int32_t* requests, size_t count, Room* room) {
  questions_.Clear();
  int error = 0;
  for (const int32_t* answer : doubtful_) {
    if (!questions_.Add(answer[0], static_cast<uint32_t>(answer[2]) & ~kHearsay)) error = -ENOMEM;
  }
  for (size_t index = 0; index < count; index++) {
    const int32_t* words = requests + index * kRequestLength;
    if (!questions_.Add(words[1], static_cast<uint32_t>(words[2]))) error = -ENOMEM;
  }
  if (error == 0) error = questions_.Ask();
  size_t at = 0;
  for (int32_t* answer : doubtful_) {
    if (error == 0) {
      answer[2] = questions_.Answer(at++);
    } else if (error != -EINVAL) {
      answer[2] = -EAGAIN;
    }
    // More descriptors than RLIMIT_NOFILE allows by now cannot be asked about: then it says too much.
  }
  doubtful_.clear();
  size_t done = 0;
  size_t failed = 0;
  for (size_t index = 0; index < count; index++) {
    int32_t* words = requests + index * kRequestLength;
    const bool is_look = words[0] == kLook;
    const int32_t bits = error == 0 ? questions_.Answer(at++) : 0;
    // Of what is not polled yet it is for the ring to say that it is not open.
    const bool is_told = bits > 0 || (bits < 0 && is_look);
    const bool has_room = room->left > 0;
    if (is_told && has_room) room->Store(words[1], words[3], bits, is_look ? kMore | kAtOnce : kAtOnce);
    if (!is_look && !(is_told && has_room)) continue;
    const bool has_failed = is_look && (error != 0 || (is_told && !has_room));
    if (has_failed) words[kRequestLength - 1] = -EAGAIN;
    Swap(requests, done, index);
    if (has_failed) Swap(requests, failed++, done);
    done++;
  }
  return done;
}

// Makes the requests, and waits with the last of them if there is no answer yet. Returns 0, or why the wait ended.
int Ring::Submit(int32_t* requests, size_t count, bool may_wait, const timespec* timeout) {
  size_t done = 0;
  // A forked child: this is what the kernel would answer, and the parent's memory is not touched.
  int result = error_ != 0 ? error_ : IsMine() ? 0 : -EEXIST;
  while (result == 0) {
    const size_t batch = std::min(count - done, size_t{queues_.submissions()});
    const bool waits = may_wait && done + batch == count && !HasCompletions();
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
    // That finds nothing in a queue only if it is another one's: the number is another ring's by now.
    if (entered == 0) result = -EBADF;
  }
  if (done == count) return result == -ETIME ? 0 : result;
  for (; done < count; done++) requests[done * kRequestLength + 4] = result;
  // What was not taken is told by the requests.
  return result == -EAGAIN || result == -EBUSY ? 0 : result;
}

void Ring::Prepare(io_uring_sqe* entry, const int32_t* words) const {
  if (words[0] == kRemove) {
    // Unlike POLL_REMOVE it ends a poll that goes on and was woken just now, too.
    entry->opcode = IORING_OP_ASYNC_CANCEL;
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
void Ring::Take(Room* room, int32_t word) {
  const int most = room->left;
  TakeReady(room, word);
  for (int calls = 0; room->left > 0 && calls < most && (queues_.Flags() & kHasMore) != 0; calls++) {
    if (Enter(0, false, nullptr) < 0) break;
    TakeReady(room, word);
  }
  // What is left is of before whatever is asked next.
  doubts_all_ = HasAnswers();
}

void Ring::TakeReady(Room* room, int32_t word) {
  queues_.Consume(room->left, [this, room, word](const io_uring_cqe& completion) {
    if (completion.user_data == kRemoval) return false;
    const auto fd = static_cast<int32_t>(completion.user_data & 0xffffffff);
    const auto generation = static_cast<int32_t>(completion.user_data >> 32);
    const int32_t more = (completion.flags & IORING_CQE_F_MORE) != 0 ? kMore : 0;
    int32_t* answer = room->Store(fd, generation, completion.res, word | more);
    if (!IsDoubtful(completion.res, doubts_all_)) return true;
    try {
      doubtful_.push_back(answer);
    } catch (const std::bad_alloc&) {
      // Then it says too much, once.
    }
    return true;
  });
}

bool Ring::HasAnswers() {
  return IsMine() && (HasCompletions() || (queues_.Flags() & kHasMore) != 0);
}

// Whether there are completions, those of removals aside, which say nothing.
bool Ring::HasCompletions() {
  queues_.Skip([](const io_uring_cqe& completion) { return completion.user_data == kRemoval; });
  return !queues_.IsEmpty();
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

void Ring::Abandon() {
  handle_.Abandon();
  Close();
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
