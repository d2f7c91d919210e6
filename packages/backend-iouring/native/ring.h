// A ring of io_uring that polls descriptors: system calls, and nothing that decides. What to ask, when to ask again and
// what an answer means is in src/backend.ts; src/port.ts says what each call promises.
#ifndef POLYLOOP_BACKEND_IOURING_RING_H_
#define POLYLOOP_BACKEND_IOURING_RING_H_

#include <polyloop/questions.h>
#include <polyloop/words.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "queues.h"
#include "ring-handle.h"

namespace backend_iouring {

using polyloop::Words;

// The layout of the arrays; src/port.ts has the same numbers.
constexpr size_t kRequestLength = 5;  // operation, descriptor, poll mask, generation, result
constexpr size_t kHeaderLength = polyloop::kTimesLength;
constexpr size_t kAnswerLength = 4;  // descriptor, generation, poll mask or negative errno, a word below
constexpr int32_t kPoll = 1;
constexpr int32_t kPollMany = 2;
constexpr int32_t kRemove = 3;
constexpr int32_t kLook = 4;
constexpr int32_t kPollLikely = 5;
constexpr int32_t kMore = 1;
constexpr int32_t kAtOnce = 2;
constexpr int32_t kEarly = 4;

class Ring {
 public:
  static constexpr const char* kName = "Ring";

  // Whether it could be opened is told by error().
  Ring(unsigned submissions, unsigned completions, uint32_t without);
  // It owns the ring: one that is collected, or whose thread ends, gives it back.
  ~Ring() { Close(); }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // 0 or a negative errno.
  int error() const { return error_; }
  // How many completions there is room for.
  int room() const { return error_ == 0 ? static_cast<int>(queues_.completions()) : 0; }
  uint32_t features() const { return handle_.features(); }
  // Its number, -1 if it has none.
  int fd() const { return handle_.fd(); }

  // Makes `count` requests, which `requests` holds, and marks those that the kernel has not taken. Looks are not for
  // it.
  void Apply(Words requests, size_t count);

  // Makes requests, then stores the answers that are there; if there are none, waits for one. poll(2) answers looks,
  // and what is likely to be ready, in half of the room at most. `answers` has room for the header and one answer at
  // least. Returns the number of answers or a negative errno.
  int Exchange(Words requests, size_t count, Words answers, const timespec* timeout);

  // Whether an answer may be waiting to be taken.
  bool HasAnswers();

  // Answers make this eventfd readable; -1: none. Returns 0 or a negative errno.
  int Notify(int fd);

  // Its number is somebody else's by now: forgets it without closing it.
  void Abandon();
  void Close();

 private:
  // Where answers go, and how many still fit.
  struct Room {
    int32_t* next;
    int left;

    // Returns where it was stored.
    int32_t* Store(int32_t fd, int32_t generation, int32_t result, int32_t word);
  };

  bool IsMine() const;
  bool HasCompletions();
  void Prepare(io_uring_sqe* entry, const int32_t* words) const;
  int Submit(int32_t* requests, size_t count, bool may_wait, const timespec* timeout);
  int Enter(unsigned to_submit, bool waits, const timespec* timeout) const;
  void Take(Room* room, int32_t word);
  void TakeReady(Room* room, int32_t word);
  size_t Ask(int32_t* requests, size_t count, Room* room);

  RingHandle handle_;
  Queues queues_;
  int error_ = 0;
  uint32_t era_ = 0;
  bool notifies_ = false;
  // Answers that say more than is so, perhaps.
  std::vector<int32_t*> doubtful_;
  // All that come next are: they were left over, and may be of before somebody looked.
  bool doubts_all_ = false;
  polyloop::Questions questions_;
};

}  // namespace backend_iouring

#endif  // POLYLOOP_BACKEND_IOURING_RING_H_
