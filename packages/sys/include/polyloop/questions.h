// What is so of descriptors now: one poll(2) about all of them, which does not wait.
#ifndef POLYLOOP_QUESTIONS_H_
#define POLYLOOP_QUESTIONS_H_

#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace polyloop {

class Questions {
 public:
  void Clear() { questions_.clear(); }
  // Gives the memory back.
  void Free() { questions_ = {}; }

  // Returns whether there was memory for it.
  bool Add(int fd, uint32_t mask) {
    try {
      questions_.push_back({fd, static_cast<short>(mask), 0});
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  // Returns 0 or a negative errno: ENOMEM, or EINVAL when they are more than RLIMIT_NOFILE.
  int Ask() {
    if (questions_.empty()) return 0;
    int result = -1;
    // A signal interrupts even a question that does not wait, just when nothing is so.
    do result = ::poll(questions_.data(), questions_.size(), 0);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : 0;
  }

  // What is so of the `index`th that was added: poll bits, or a negative errno for a number that is not open.
  int32_t Answer(size_t index) const {
    const short bits = questions_[index].revents;
    return (bits & POLLNVAL) != 0 ? -EBADF : bits;
  }

 private:
  std::vector<pollfd> questions_;
};

}  // namespace polyloop

#endif  // POLYLOOP_QUESTIONS_H_
