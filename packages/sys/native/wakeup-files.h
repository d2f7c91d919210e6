// The descriptors of one Wakeup.
#ifndef POLYLOOP_SYS_WAKEUP_FILES_H_
#define POLYLOOP_SYS_WAKEUP_FILES_H_

#include <cstdint>

struct uv_loop_s;

namespace sys {

constexpr int kSignalled = 1;
constexpr int kThread = 2;

// A set of open files, moved by value; who holds it closes it.
struct WakeupFiles {
  int event = -1;  // the eventfd that senders write to
  int set = -1;    // when the thread is watched: an epoll set of all the others
  int timer = -1;  // when the thread is watched: see Consume

  // What becomes readable on a wake-up.
  int Readable() const { return set >= 0 ? set : event; }

  // Opens everything. `loop` is the thread's own libuv loop, or null to watch no thread. `signalled`: whether the
  // eventfd starts readable. 0, or a negative errno with nothing left open.
  int Open(const uv_loop_s* loop, bool signalled);

  // Takes the libuv loop into the set or out of it; only when there is a set. 0 or a negative errno.
  int WatchLoop(const uv_loop_s* loop, bool on);

  // kSignalled and kThread, whichever happened, or a negative errno when a descriptor is no longer ours.
  int Consume(const uv_loop_s* loop);

  // Closes what is still ours; a number that somebody closed and that stands for another file now is left alone.
  void Close();
};

// Whether this runtime exports the one function of libuv that watching a thread takes. Node and Electron do.
bool CanWatchThreads();

}  // namespace sys

#endif  // POLYLOOP_SYS_WAKEUP_FILES_H_
