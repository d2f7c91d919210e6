#include "wakeup-files.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "control.h"

// Declared here so that building needs no uv.h; weak, so that a runtime without libuv can load the addon.
extern "C" __attribute__((weak)) int uv_backend_fd(const uv_loop_s* loop);

namespace sys {
namespace {

constexpr uint64_t kEventKey = 1;
constexpr uint64_t kLoopKey = 2;
constexpr uint64_t kTimerKey = 3;

// How long a termination can go unseen in the one case that makes no edge, see Consume.
constexpr long kHeartbeatNanoseconds = 250000000L;

// Told apart from files of other people by a property that a new file never has: the signal of SIGIO notification.
// It does nothing, since nobody sets O_ASYNC on these files.
constexpr int kMark = 63;

// The descriptor, or -1 with errno set and nothing left open. Since Linux 6.12 marking can fail for lack of memory.
int MarkAsOurs(int fd) {
  if (fd < 0 || ::fcntl(fd, F_SETSIG, kMark) == 0) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

void CloseIfOurs(int* fd) {
  if (*fd >= 0 && ::fcntl(*fd, F_GETSIG) == kMark) ::close(*fd);
  *fd = -1;
}

int OpenEvent(bool signalled) {
  const int fd = ::eventfd(signalled ? 1 : 0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0 || fd >= kLowestDescriptor) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kLowestDescriptor);
  const int error = errno;
  ::close(fd);
  errno = error;
  return moved;
}

int Add(int set, int fd, uint32_t events, uint64_t key) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  return ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &event);
}

bool IsReadable(int fd) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

bool Drain(int fd) {
  uint64_t count = 0;
  return ::read(fd, &count, sizeof count) == sizeof count;
}

void SetHeartbeat(int timer, bool on) {
  itimerspec setting{};
  setting.it_value.tv_nsec = setting.it_interval.tv_nsec = on ? kHeartbeatNanoseconds : 0;
  ::timerfd_settime(timer, 0, &setting, nullptr);
}

}  // namespace

bool CanWatchThreads() {
  return uv_backend_fd != nullptr;
}

int WakeupFiles::Open(const uv_loop_s* loop, bool signalled) {
  event = MarkAsOurs(OpenEvent(signalled));
  bool opened = event >= 0;
  if (opened && loop != nullptr) {
    set = MarkAsOurs(::epoll_create1(EPOLL_CLOEXEC));
    timer = set < 0 ? -1 : MarkAsOurs(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    opened = timer >= 0 && Add(set, event, EPOLLIN, kEventKey) == 0 && Add(set, timer, EPOLLIN, kTimerKey) == 0 &&
             WatchLoop(loop, true) == 0;
  }
  if (opened) return 0;
  const int error = errno;
  Close();
  return -error;
}

int WakeupFiles::WatchLoop(const uv_loop_s* loop, bool on) {
  if (!on) {
    SetHeartbeat(timer, false);
    return ::epoll_ctl(set, EPOLL_CTL_DEL, uv_backend_fd(loop), nullptr) < 0 ? -errno : 0;
  }
  // What is ready already counts as the first edge, so nothing that came before is missed.
  return Add(set, uv_backend_fd(loop), EPOLLIN | EPOLLET, kLoopKey) < 0 ? -errno : 0;
}

// Terminating a worker is a write to its libuv loop's eventfd, inside the epoll set that uv_backend_fd names: an edge
// for us, and the level stays up because libuv, whose thread we hold, does not read it. But libuv writes only once per
// handle until its loop has run: if the handle that Node terminates with was signalled before (by a heap snapshot asked
// for from outside, say), terminating makes no further edge. So from an edge on, until libuv's level falls, a timer
// ends the wait now and then: back in JavaScript, the thread notices that it is being terminated.
int WakeupFiles::Consume(const uv_loop_s* loop) {
  if (set < 0) {
    if (Drain(event)) return kSignalled;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  }
  epoll_event ready[3];
  const int count = ::epoll_wait(set, ready, 3, 0);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  int happened = 0;
  for (int i = 0; i < count; i++) {
    if (ready[i].data.u64 == kEventKey) {
      if (Drain(event)) happened |= kSignalled;
      continue;
    }
    const bool waiting = IsReadable(uv_backend_fd(loop));
    if (ready[i].data.u64 == kTimerKey) {
      Drain(timer);
      if (!waiting) SetHeartbeat(timer, false);
    } else if (waiting) {
      SetHeartbeat(timer, true);
    }
    if (waiting) happened |= kThread;
  }
  return happened;
}

void WakeupFiles::Close() {
  CloseIfOurs(&set);
  CloseIfOurs(&timer);
  CloseIfOurs(&event);
}

}  // namespace sys
