// An eventfd that becomes readable when an answer has come, for whoever waits for a context with another interface.
#ifndef POLYLOOP_BACKEND_LINUXAIO_NOTIFIER_H_
#define POLYLOOP_BACKEND_LINUXAIO_NOTIFIER_H_

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace backend_linuxaio {

class Notifier {
 public:
  static constexpr const char* kName = "Notifier";

  // Whether it could be opened is told by fd().
  Notifier() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) fd_ = -errno;
  }
  ~Notifier() { Close(); }
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // The descriptor, or a negative errno.
  int fd() const { return fd_; }

  // Makes it readable. Returns 0 or a negative errno.
  int Signal() const {
    const uint64_t one = 1;
    return ::write(fd_, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
  }

  // Makes it not readable. Returns 0 or a negative errno.
  int Clear() const {
    uint64_t count = 0;
    return ::read(fd_, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
  }

  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -EBADF;
  }

 private:
  int fd_;
};

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_NOTIFIER_H_
