#include "aio-context.h"

#include <polyloop/fork-era.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <string_view>

#include "teardown.h"

// Linux 4.18; the installed headers may be older.
#define POLYLOOP_IOCB_CMD_POLL 5

namespace backend_linuxaio {
namespace {

// Without a ring completions are fetched in batches, on the stack.
constexpr int kBatch = 8;
constexpr timespec kNoTime{0, 0};

// Stands for the result of a request that must not be made; no errno.
constexpr int32_t kNeverAnswered = 1;

// No table of requests becomes larger than this, whatever number is asked for; fs.aio-max-nr is far below it.
constexpr int32_t kMostSlots = 1 << 22;

int GetEvents(aio_context_t context, int least, int most, io_event* events, const timespec* timeout) {
  // The kernel takes the time as not const, and does not change it.
  const long count = ::syscall(SYS_io_getevents, context, static_cast<long>(least), static_cast<long>(most), events,
                               const_cast<timespec*>(timeout));
  return count < 0 ? -errno : static_cast<int>(count);
}

template <class T>
void Free(std::vector<T>* memory) {
  std::vector<T>().swap(*memory);
}

bool IsSignalfd(int fd) {
  struct stat status {};
  // Only what has no inode of its own can be one; the others need not be asked for their name.
  if (::fstat(fd, &status) != 0 || (status.st_mode & S_IFMT) != 0) return false;
  char path[32];
  char name[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(path, name, sizeof name);
  return length > 0 && std::string_view(name, static_cast<size_t>(length)) == "anon_inode:[signalfd]";
}

}  // namespace

AioContext::AioContext(int requests, bool reads_ring) : era_(polyloop::CurrentEra()) {
  // The limit of the system counts those of our own that are about to end.
  while (::syscall(SYS_io_setup, static_cast<unsigned>(requests), &id_) != 0) {
    error_ = -errno;
    if (error_ != -EAGAIN || !AwaitTeardown()) return;
    error_ = 0;
  }
  asked_ = requests;
  room_ = requests;
  const CompletionRing ring(id_);
  if (!ring.IsValid()) return;
  // The kernel makes the ring twice as large as asked for, and of whole pages, because up to half of the places may be
  // set aside for other CPUs. What remains can be relied on.
  room_ = std::max(room_, static_cast<int>((ring.size() - 1) / 2));
  if (reads_ring) ring_ = ring;
}

bool AioContext::IsMine() const {
  return error_ == 0 && era_ == polyloop::CurrentEra();
}

bool AioContext::Apply(Words requests, size_t count) {
  bool all_taken = true;
  const bool is_mine = IsMine();
  if (is_mine) LookAtTheNew(requests, count);
  batch_.clear();
  origins_.clear();
  for (size_t index = 0; index < count; index++) {
    int32_t* words = requests.data + index * kRequestLength;
    int32_t& result = words[5];
    if (!is_mine) {
      // A forked child: this is what the kernel would answer, and the parent's ring is not touched.
      result = error_ != 0 ? error_ : -EINVAL;
    } else if (words[0] == kCancel) {
      result = Cancel(words[1]);
      continue;
    } else if ((words[0] != kSubmit && words[0] != kSubmitNew) || words[1] < 0 || words[1] >= kMostSlots ||
               words[5] == kNeverAnswered) {
      result = -EINVAL;
    } else if (iocb* request = RequestAt(words[1]); request == nullptr) {
      result = -ENOMEM;
    } else {
      Prepare(request, words);
      try {
        origins_.push_back(index);
        batch_.push_back(request);
        result = 0;
      } catch (const std::bad_alloc&) {
        origins_.resize(batch_.size());
        result = -ENOMEM;
      }
    }
    if (result != 0) all_taken = false;
  }
  if (batch_.empty()) return all_taken;
  Submit(requests.data);
  for (const size_t index : origins_) {
    if (requests.data[index * kRequestLength + 5] != 0) return false;
  }
  return all_taken;
}

// Marks the requests about files that were not seen before and would never be answered. A thread of the kernel looks
// again after a wake-up, and sees its own signals instead of ours: a signalfd that is not ready when it is asked about
// never will be. One poll(2) about all of them spares most the question for their name: a signalfd cannot be written.
void AioContext::LookAtTheNew(Words requests, size_t count) {
  questions_.Clear();
  origins_.clear();
  try {
    for (size_t index = 0; index < count; index++) {
      int32_t* words = requests.data + index * kRequestLength;
      words[5] = 0;
      if (words[0] != kSubmitNew) continue;
      origins_.push_back(index);
      // No memory: they are taken for what they nearly always are.
      if (!questions_.Add(words[2], POLLOUT)) return;
    }
  } catch (const std::bad_alloc&) {
    return;
  }
  if (questions_.Ask() != 0) return;
  size_t at = 0;
  for (const size_t index : origins_) {
    int32_t* words = requests.data + index * kRequestLength;
    if (questions_.Answer(at++) == 0 && IsSignalfd(words[2])) words[5] = kNeverAnswered;
  }
}

// The memory of a request. Null when there is none.
iocb* AioContext::RequestAt(int32_t slot) {
  const auto index = static_cast<size_t>(slot);
  try {
    while (chunks_.size() <= index / kChunk) chunks_.emplace_back();
    auto& chunk = chunks_[index / kChunk];
    if (chunk == nullptr) chunk = std::make_unique<iocb[]>(kChunk);
    return &chunk[index % kChunk];
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void AioContext::Prepare(iocb* request, const int32_t* words) const {
  *request = {};
  request->aio_lio_opcode = POLYLOOP_IOCB_CMD_POLL;
  request->aio_fildes = static_cast<uint32_t>(words[2]);
  request->aio_buf = static_cast<uint32_t>(words[3]);
  request->aio_data = static_cast<uint32_t>(words[1]) | static_cast<uint64_t>(static_cast<uint32_t>(words[4])) << 32;
  if (notifier_ < 0) return;
  request->aio_flags = IOCB_FLAG_RESFD;
  request->aio_resfd = static_cast<uint32_t>(notifier_);
}

// The same for a request that was made, without making room.
const iocb* AioContext::FindRequest(int32_t slot) const {
  const auto index = static_cast<size_t>(slot);
  if (slot < 0 || index / kChunk >= chunks_.size() || chunks_[index / kChunk] == nullptr) return nullptr;
  return &chunks_[index / kChunk][index % kChunk];
}

int AioContext::Cancel(int32_t slot) {
  const iocb* request = FindRequest(slot);
  // Nothing that was never submitted can be taken back.
  if (request == nullptr) return -EINVAL;
  io_event unused{};
  if (::syscall(SYS_io_cancel, id_, request, &unused) == 0) return 0;
  // The usual answer: it is cancelled, and its completion is on its way.
  return errno == EINPROGRESS ? 0 : -errno;
}

// Hands the batch over. The kernel stops at a request it refuses, and says why only when that one comes first.
void AioContext::Submit(int32_t* requests) {
  size_t done = 0;
  const auto refuse = [&](int error) { requests[origins_[done++] * kRequestLength + 5] = -error; };
  while (done < batch_.size()) {
    const long taken = ::syscall(SYS_io_submit, id_, static_cast<long>(batch_.size() - done), &batch_[done]);
    if (taken > 0) {
      done += static_cast<size_t>(taken);
      continue;
    }
    const int error = taken == 0 ? EAGAIN : errno;
    refuse(error);
    // The context is full: it is for all the others, too.
    while (error == EAGAIN && done < batch_.size()) refuse(error);
  }
}

int AioContext::Take(Words answers, const timespec* timeout) {
  const size_t fitting = (answers.length - kHeaderLength) / kAnswerLength;
  const int capacity = static_cast<int>(std::min(fitting, static_cast<size_t>(kMostSlots)));
  int32_t* answer = answers.data + kHeaderLength;
  const bool may_wait = timeout == nullptr || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
  int count = error_ != 0 ? error_ : -EINVAL;
  if (IsMine()) {
    doubtful_.clear();
    count = TakeReady(answer, capacity);
    if (count == 0 && may_wait) count = Wait(answer, capacity, timeout);
    if (!doubtful_.empty()) LookAgain();
  }
  polyloop::StoreTimes(answers);
  return count;
}

void AioContext::Store(const io_event& event, int32_t* answer) {
  answer[0] = static_cast<int32_t>(event.data & 0xffffffff);
  answer[1] = static_cast<int32_t>(event.data >> 32);
  answer[2] = static_cast<int32_t>(event.res);
  // Of a request that had to wait the kernel repeats what its waker said, without looking: a socket says IN and PRI for
  // every byte, urgent or not, and ERR when the error may be gone already.
  if (answer[2] <= 0 || (answer[2] & (POLLPRI | POLLERR)) == 0 || FindRequest(answer[0]) == nullptr) return;
  try {
    doubtful_.push_back(answer);
  } catch (const std::bad_alloc&) {
    // Then it says too much, once.
  }
}

// Finds out what is true of the doubtful answers now.
void AioContext::LookAgain() {
  questions_.Clear();
  bool has_asked = true;
  for (const int32_t* answer : doubtful_) {
    const iocb* request = FindRequest(answer[0]);
    has_asked =
        has_asked && questions_.Add(static_cast<int>(request->aio_fildes), static_cast<uint32_t>(request->aio_buf));
  }
  has_asked = has_asked && questions_.Ask() == 0;
  size_t at = 0;
  for (int32_t* answer : doubtful_) {
    if (has_asked) {
      // A number that is closed by now: asked about anew, it fails.
      answer[2] = std::max(questions_.Answer(at++), 0);
    } else {
      // Better too little, which is asked about anew, than what is not so.
      answer[2] &= ~(POLLPRI | POLLERR);
    }
  }
}

// Everything that is there now, as far as there is room; without a system call if the ring can be read.
int AioContext::TakeReady(int32_t* answer, int capacity) {
  if (ring_.IsValid()) {
    return ring_.Consume(capacity, [this, &answer](const io_event& event) {
      Store(event, answer);
      answer += kAnswerLength;
    });
  }
  int total = 0;
  for (int count = kBatch; count == kBatch && total < capacity;) {
    io_event events[kBatch];
    count = GetEvents(id_, 0, std::min(kBatch, capacity - total), events, &kNoTime);
    if (count < 0) return total > 0 ? total : count;
    for (int index = 0; index < count; index++, total++, answer += kAnswerLength) Store(events[index], answer);
  }
  return total;
}

// Waits for one, then takes the others that have come.
int AioContext::Wait(int32_t* answer, int capacity, const timespec* timeout) {
  io_event first;
  const int count = GetEvents(id_, 1, 1, &first, timeout);
  if (count <= 0) return count;
  Store(first, answer);
  if (capacity == 1) return 1;
  return 1 + std::max(TakeReady(answer + kAnswerLength, capacity - 1), 0);
}

bool AioContext::HasAnswers() const {
  // What cannot be looked at may be there.
  return IsMine() && (!ring_.IsValid() || !ring_.IsEmpty());
}

void AioContext::Close(bool now) {
  if (error_ != 0) return;
  // In a forked child there is no context, and the number may be that of one the child has opened since.
  const bool is_mine = IsMine();
  error_ = -EBADF;
  ring_ = {};
  // The kernel has read the requests long ago, and knows only their addresses. The object may be collected much later.
  Free(&chunks_);
  Free(&batch_);
  Free(&origins_);
  Free(&doubtful_);
  questions_.Free();
  if (!is_mine) return;
  if (now) {
    Destroy(id_);
  } else {
    DestroyInBackground(id_, asked_);
  }
}

}  // namespace backend_linuxaio
