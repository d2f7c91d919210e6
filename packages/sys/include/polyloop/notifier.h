// An eventfd that becomes readable when an answer has come, for whoever waits for a kernel object with another
// interface; with its class of JavaScript.
#ifndef POLYLOOP_NOTIFIER_H_
#define POLYLOOP_NOTIFIER_H_

#include <fcntl.h>
#include <linux/kcmp.h>
#include <polyloop/binding.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <new>

namespace polyloop {

class Notifier {
 public:
  static constexpr const char* kName = "Notifier";

  // Whether it could be opened is told by fd().
  Notifier() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) {
      fd_ = -errno;
      return;
    }
    target_ = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (target_ >= 0) return;
    const int error = errno;
    ::close(fd_);
    fd_ = -error;
  }
  ~Notifier() { Close(); }
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  // The descriptor that others poll, or a negative errno.
  int fd() const { return fd_; }
  // The same eventfd under a number that nobody else knows: a program that closes the other one by mistake harms only
  // those who poll it, and no file that takes the number is read or written.
  int target() const { return target_; }

  // Makes it readable. Returns 0 or a negative errno.
  int Signal() const {
    const uint64_t one = 1;
    return ::write(target_, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
  }

  // Makes it not readable. Returns 0 or a negative errno.
  int Clear() const {
    uint64_t count = 0;
    return ::read(target_, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
  }

  void Close() {
    if (fd_ >= 0 && IsOurs()) ::close(fd_);
    if (target_ >= 0) ::close(target_);
    fd_ = -EBADF;
    target_ = -EBADF;
  }

 private:
  // Whether the number still stands for our eventfd. Where the kernel does not compare files it is taken for granted.
  bool IsOurs() const {
    const pid_t self = ::getpid();
    return ::syscall(SYS_kcmp, self, self, KCMP_FILE, fd_, target_) <= 0;
  }

  int fd_;
  int target_ = -EBADF;
};

namespace notifier {

using NotifierCall = Call<Notifier, 1>;

// new Notifier()
inline napi_value Construct(napi_env env, napi_callback_info info) {
  const Construction<Notifier, 0> construction(env, info);
  if (!construction.ok()) return nullptr;
  return construction.Wrap(std::unique_ptr<Notifier>(new (std::nothrow) Notifier()));
}

inline napi_value GetFd(napi_env env, napi_callback_info info) {
  const NotifierCall call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->fd());
}

inline napi_value GetTarget(napi_env env, napi_callback_info info) {
  const NotifierCall call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->target());
}

inline napi_value Signal(napi_env env, napi_callback_info info) {
  const NotifierCall call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->Signal());
}

inline napi_value Clear(napi_env env, napi_callback_info info) {
  const NotifierCall call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->Clear());
}

inline napi_value Close(napi_env env, napi_callback_info info) {
  const NotifierCall call(env, info);
  if (call.self() != nullptr) call.self()->Close();
  return nullptr;
}

}  // namespace notifier

// Puts the class into an addon's exports.
inline void DefineNotifier(napi_env env, napi_value exports) {
  const napi_property_descriptor members[] = {
      Getter("fd", notifier::GetFd),    Getter("target", notifier::GetTarget), Method("signal", notifier::Signal),
      Method("clear", notifier::Clear), Method("close", notifier::Close),
  };
  DefineClass<Notifier>(env, exports, notifier::Construct, members);
}

}  // namespace polyloop

#endif  // POLYLOOP_NOTIFIER_H_
