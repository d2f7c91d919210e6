#include "epoll-set.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <new>

// Linux 5.11; glibc wraps it from 2.35 on, so it is called by number. The number is the same on every architecture.
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

namespace backend_epoll {
namespace {

// The tag of the descriptor that keeps the set readable; no real descriptor is negative.
constexpr int32_t kMarker = -1;

// How much of the answers one system call may fill; beyond it the kernel keeps the rest for the next one.
constexpr size_t kMaxEvents = size_t{1} << 16;

uint64_t TagOf(int32_t fd, int32_t generation) {
  return static_cast<uint32_t>(fd) | static_cast<uint64_t>(static_cast<uint32_t>(generation)) << 32;
}

}  // namespace

EpollSet::EpollSet() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) fd_ = -errno;
}

bool EpollSet::Apply(Words changes, size_t count) {
  bool all_taken = true;
  for (size_t index = 0; index < count; index++) {
    int32_t* change = changes.data + index * kChangeLength;
    epoll_event event{};
    event.events = static_cast<uint32_t>(change[2]);
    event.data.u64 = TagOf(change[1], change[3]);
    change[4] = ::epoll_ctl(fd_, change[0], change[1], &event) == 0 ? 0 : -errno;
    if (change[4] != 0) all_taken = false;
  }
  return all_taken;
}

int EpollSet::Wait(Words answers, const timespec* timeout) {
  const int capacity = Prepare(answers);
  return Answer(answers, static_cast<int>(
                             ::syscall(SYS_epoll_pwait2, fd_, events_.data(), capacity, timeout, nullptr, size_t{0})));
}

int EpollSet::WaitMilliseconds(Words answers, int milliseconds) {
  const int capacity = Prepare(answers);
  return Answer(answers, ::epoll_wait(fd_, events_.data(), capacity, milliseconds));
}

// Makes room for the kernel's answers and returns how many fit.
int EpollSet::Prepare(Words answers) {
  const size_t fitting = std::min((answers.length - kHeaderLength) / kAnswerLength, kMaxEvents);
  if (events_.size() >= fitting) return static_cast<int>(fitting);
  try {
    events_.resize(fitting);
  } catch (const std::bad_alloc&) {
    // The kernel keeps what does not fit; with no room at all it answers EINVAL.
  }
  return static_cast<int>(std::min(events_.size(), fitting));
}

int EpollSet::Answer(Words answers, int count) {
  const int error = errno;
  polyloop::StoreTimes(answers);
  if (count < 0) return -error;
  int32_t* answer = answers.data + kHeaderLength;
  for (int index = 0; index < count; index++, answer += kAnswerLength) {
    const epoll_event& event = events_[static_cast<size_t>(index)];
    const uint64_t tag = event.data.u64;
    answer[0] = static_cast<int32_t>(tag & 0xffffffff);
    answer[1] = static_cast<int32_t>(tag >> 32);
    answer[2] = static_cast<int32_t>(event.events);
  }
  return count;
}

int EpollSet::KeepReadable(bool on) {
  if (on == (marker_ >= 0)) return 0;
  if (!on) {
    // Its last close takes it out of the set.
    ::close(marker_);
    marker_ = -1;
    return 0;
  }
  const int marker = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  if (marker < 0) return -errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = TagOf(kMarker, 0);
  if (::epoll_ctl(fd_, EPOLL_CTL_ADD, marker, &event) != 0) {
    const int error = errno;
    ::close(marker);
    return -error;
  }
  marker_ = marker;
  return 0;
}

void EpollSet::Abandon() {
  fd_ = -EBADF;
  Release();
}

void EpollSet::Release() {
  KeepReadable(false);
  if (fd_ >= 0) ::close(fd_);
  fd_ = -EBADF;
}

}  // namespace backend_epoll
