// What passes between JavaScript and a port to the kernel: arrays of words, without a word about Node.
#ifndef POLYLOOP_WORDS_H_
#define POLYLOOP_WORDS_H_

#include <time.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace polyloop {

// The memory of an Int32Array, as it is during one call.
struct Words {
  int32_t* data;
  size_t length;
};

// Answers of every backend begin with the time after the wait: CLOCK_MONOTONIC and CLOCK_REALTIME in milliseconds.
constexpr size_t kTimesLength = 2 * sizeof(double) / sizeof(int32_t);

inline double Milliseconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// The time is read by the call that waits because there it costs no further call from JavaScript.
inline void StoreTimes(Words answers) {
  const double times[] = {Milliseconds(CLOCK_MONOTONIC), Milliseconds(CLOCK_REALTIME)};
  static_assert(sizeof times == kTimesLength * sizeof(int32_t), "the times are two doubles");
  std::memcpy(answers.data, times, sizeof times);
}

}  // namespace polyloop

#endif  // POLYLOOP_WORDS_H_
