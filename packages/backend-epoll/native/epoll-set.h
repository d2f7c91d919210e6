// An epoll set and the room its answers need: system calls, and nothing that decides. What to register, when to retry
// and what an answer means is in src/backend.ts; src/port.ts says what each call promises.
#ifndef POLYLOOP_BACKEND_EPOLL_EPOLL_SET_H_
#define POLYLOOP_BACKEND_EPOLL_EPOLL_SET_H_

#include <polyloop/words.h>
#include <sys/epoll.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace backend_epoll {

using polyloop::Words;

// The layout of the arrays; src/port.ts has the same numbers.
constexpr size_t kChangeLength = 5;  // operation, descriptor, epoll mask, generation, result
constexpr size_t kHeaderLength = polyloop::kTimesLength;
constexpr size_t kAnswerLength = 3;  // descriptor, generation, epoll mask

class EpollSet {
 public:
  static constexpr const char* kName = "EpollSet";

  // Whether it could be opened is told by fd().
  EpollSet();
  // It owns the descriptor: a set that is collected, or whose thread ends, gives it back.
  ~EpollSet() { Release(); }
  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

  // The descriptor, or a negative errno.
  int fd() const { return fd_; }

  // Applies `count` changes, which `changes` holds, in order, and stores each one's result. Returns whether all were
  // taken.
  bool Apply(Words changes, size_t count);

  // Waits and copies out what the kernel answered; `answers` has room for the header and one answer at least. Returns
  // the number of answers or a negative errno.
  int Wait(Words answers, const timespec* timeout);
  int WaitMilliseconds(Words answers, int milliseconds);

  // A descriptor that is always ready keeps the set readable for whoever polls it. Returns 0 or a negative errno.
  int KeepReadable(bool on);

  // The number is somebody else's by now: forgets it without closing it.
  void Abandon();
  void Release();

 private:
  int Prepare(Words answers);
  int Answer(Words answers, int count);

  int fd_;
  int marker_ = -1;
  std::vector<epoll_event> events_;
};

}  // namespace backend_epoll

#endif  // POLYLOOP_BACKEND_EPOLL_EPOLL_SET_H_
