// Milliseconds, as JavaScript has them, to what the kernel takes.
#ifndef POLYLOOP_SYS_MILLISECONDS_H_
#define POLYLOOP_SYS_MILLISECONDS_H_

#include <cmath>
#include <ctime>

namespace sys {

// Rounds up to the next nanosecond: a wait may be late, never early. `milliseconds` is ≥ 0 and a safe integer at most.
inline timespec ToTimespec(double milliseconds) {
  const double seconds = std::floor(milliseconds / 1000.0);
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  // fmod is exact, unlike milliseconds - seconds * 1000.
  time.tv_nsec = static_cast<long>(std::ceil(std::fmod(milliseconds, 1000.0) * 1e6));
  if (time.tv_nsec >= 1000000000L) {
    time.tv_sec += 1;
    time.tv_nsec = 0;
  }
  return time;
}

inline double ToMilliseconds(const timespec& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

}  // namespace sys

#endif  // POLYLOOP_SYS_MILLISECONDS_H_
