#include "wakeup.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>

#include "milliseconds.h"

namespace sys {
namespace {

double Now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return ToMilliseconds(time);
}

}  // namespace

int Wakeup::Open() {
  const int failed = files_.Open(loop_, false);
  if (failed < 0) return failed;
  process_ = ::getpid();
  control_.SetDescriptor(files_.event);
  watching_ = loop_ != nullptr;
  open_ = true;
  return 0;
}

int Wakeup::Reopen() {
  WakeupFiles fresh;
  // Signalled from the start: a send that met the exchange, or that was swallowed by the lost descriptor, is not lost.
  const int failed = fresh.Open(loop_, true);
  if (failed < 0) return failed;
  if (loop_ != nullptr && !watching_) fresh.WatchLoop(loop_, false);
  LockOut(kReopening);
  files_.Close();
  files_ = fresh;
  control_.SetDescriptor(files_.event);
  control_.Unlock(kReopening);
  return 0;
}

int Wakeup::WatchThread(bool on) {
  if (on == watching_) return 0;
  const int failed = files_.WatchLoop(loop_, on);
  if (failed == 0) watching_ = on;
  return failed;
}

bool Wakeup::Wait(double milliseconds) const {
  const bool limited = milliseconds >= 0;
  const double deadline = Now() + milliseconds;
  pollfd entry{files_.Readable(), POLLIN, 0};
  for (;;) {
    const timespec limit = ToTimespec(limited ? milliseconds : 0);
    const int ready = ::ppoll(&entry, 1, limited ? &limit : nullptr, nullptr);
    if (ready >= 0 || errno != EINTR) return ready > 0;
    if (limited) milliseconds = std::fmax(deadline - Now(), 0);
  }
}

void Wakeup::Close() {
  if (!open_) return;
  open_ = false;
  LockOut(kClosed);
  control_.SetDescriptor(-1);
  files_.Close();
}

void Wakeup::LockOut(int32_t bit) {
  if (const pid_t now = ::getpid(); now != process_) {
    process_ = now;
    control_.ForgetSenders();
  }
  control_.Lock(bit);
}

}  // namespace sys
