// The port to epoll: system calls, and nothing that decides. What to register, when to retry and what an answer means
// is in src/backend.ts; src/port.ts is the other side of this file and says what each call promises.
#include <napi.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

// Linux 5.11; glibc wraps it from 2.35 on, so it is called by number. The number is the same on every architecture.
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

namespace {

// The layout of the arrays; src/port.ts has the same numbers.
constexpr size_t kChangeLength = 5;  // operation, descriptor, epoll mask, generation, result
constexpr size_t kHeaderLength = 4;  // two doubles: CLOCK_MONOTONIC and CLOCK_REALTIME in milliseconds
constexpr size_t kAnswerLength = 3;  // descriptor, generation, epoll mask

// The tag of the descriptor that keeps the set readable; no real descriptor is negative.
constexpr int32_t kMarker = -1;

// How much of the answers one system call may fill; beyond it the kernel keeps the rest for the next one.
constexpr int kMaxEvents = 1 << 16;

struct Words {
  int32_t* data;
  size_t length;
};

bool Throw(napi_env env, const char* code, const char* message) {
  napi_throw_type_error(env, code, message);
  return false;
}

// An Int32Array as it is at this moment: a detached one has length 0, and nothing runs JavaScript before the return.
bool TakeWords(napi_env env, napi_value value, const char* message, Words* out) {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  bool is_typed_array = false;
  if (napi_is_typedarray(env, value, &is_typed_array) != napi_ok || !is_typed_array ||
      napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok ||
      type != napi_int32_array) {
    return Throw(env, "ERR_INVALID_ARG_TYPE", message);
  }
  *out = {static_cast<int32_t*>(data), data == nullptr ? 0 : length};
  return true;
}

bool TakeInt(napi_env env, napi_value value, int low, const char* message, int* out) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) return Throw(env, "ERR_INVALID_ARG_TYPE", message);
  if (!(number >= low && number <= INT32_MAX && number == std::trunc(number))) {
    napi_throw_range_error(env, "ERR_OUT_OF_RANGE", message);
    return false;
  }
  *out = static_cast<int>(number);
  return true;
}

uint64_t TagOf(int32_t fd, int32_t generation) {
  return static_cast<uint32_t>(fd) | static_cast<uint64_t>(static_cast<uint32_t>(generation)) << 32;
}

double Milliseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

napi_value Int(napi_env env, int value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

// An epoll set and the room its answers need. It owns the descriptor: the destructor runs when the object is collected
// and when its thread ends, so neither leaks.
class EpollSet : public Napi::ObjectWrap<EpollSet> {
 public:
  static Napi::Function Define(Napi::Env env) {
    // The hot methods are plain Node-API callbacks: the C++ wrapper costs as much again as the call. V8 itself refuses
    // a receiver that is no EpollSet.
    return DefineClass(
        env, "EpollSet",
        {InstanceAccessor<&EpollSet::GetFd>("fd"), Hot("apply", Apply), Hot("wait", Wait),
         Hot("waitMilliseconds", WaitMilliseconds), InstanceMethod<&EpollSet::KeepReadable>("keepReadable"),
         InstanceMethod<&EpollSet::Abandon>("abandon"), InstanceMethod<&EpollSet::Close>("close")});
  }

  explicit EpollSet(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EpollSet>(info) {
    fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (fd_ < 0) fd_ = -errno;
  }

  ~EpollSet() override { Release(); }

  EpollSet(const EpollSet&) = delete;
  EpollSet& operator=(const EpollSet&) = delete;

 private:
  static Napi::ClassPropertyDescriptor<EpollSet> Hot(const char* name, napi_callback method) {
    napi_property_descriptor descriptor = {};
    descriptor.utf8name = name;
    descriptor.method = method;
    descriptor.attributes = napi_default_method;
    return descriptor;
  }

  template <size_t N>
  static EpollSet* Receive(napi_env env, napi_callback_info info, napi_value (&arguments)[N]) {
    size_t count = N;
    napi_value receiver = nullptr;
    void* set = nullptr;
    if (napi_get_cb_info(env, info, &count, arguments, &receiver, nullptr) != napi_ok ||
        napi_unwrap(env, receiver, &set) != napi_ok) {
      Throw(env, "ERR_INVALID_THIS", "EpollSet: called on something else");
      return nullptr;
    }
    return static_cast<EpollSet*>(set);
  }

  // apply(changes, count)
  static napi_value Apply(napi_env env, napi_callback_info info) {
    napi_value arguments[2];
    EpollSet* set = Receive(env, info, arguments);
    bool all_taken = true;
    if (set == nullptr || !set->TakeAndApply(env, arguments, &all_taken)) return nullptr;
    return Int(env, 0);
  }

  // wait(changes, count, answers, seconds, nanoseconds)
  static napi_value Wait(napi_env env, napi_callback_info info) {
    napi_value arguments[5];
    EpollSet* set = Receive(env, info, arguments);
    bool all_taken = true;
    Words answers;
    int seconds = 0;
    int nanoseconds = 0;
    if (set == nullptr ||
        !TakeInt(env, arguments[3], -1, "EpollSet.wait: seconds must be an integer, -1 or more", &seconds) ||
        !TakeInt(env, arguments[4], 0, "EpollSet.wait: nanoseconds must be an integer, 0 or more", &nanoseconds) ||
        !TakeAnswers(env, arguments[2], &answers) || !set->TakeAndApply(env, arguments, &all_taken)) {
      return nullptr;
    }
    timespec limit = {seconds, nanoseconds};
    if (!all_taken) limit = {0, 0};
    const timespec* timeout = all_taken && seconds < 0 ? nullptr : &limit;
    const int capacity = set->Prepare(answers);
    return set->Answer(
        env, answers,
        static_cast<int>(syscall(SYS_epoll_pwait2, set->fd_, set->events_.data(), capacity, timeout, nullptr, 0)));
  }

  // waitMilliseconds(changes, count, answers, milliseconds)
  static napi_value WaitMilliseconds(napi_env env, napi_callback_info info) {
    napi_value arguments[4];
    EpollSet* set = Receive(env, info, arguments);
    bool all_taken = true;
    Words answers;
    int milliseconds = 0;
    if (set == nullptr ||
        !TakeInt(env, arguments[3], -1, "EpollSet.waitMilliseconds: the timeout must be an integer, -1 or more",
                 &milliseconds) ||
        !TakeAnswers(env, arguments[2], &answers) || !set->TakeAndApply(env, arguments, &all_taken)) {
      return nullptr;
    }
    const int capacity = set->Prepare(answers);
    return set->Answer(env, answers, epoll_wait(set->fd_, set->events_.data(), capacity, all_taken ? milliseconds : 0));
  }

  static bool TakeAnswers(napi_env env, napi_value value, Words* out) {
    constexpr const char* kMessage =
        "EpollSet: the answers must be an Int32Array with room for the header and one answer";
    if (!TakeWords(env, value, kMessage, out)) return false;
    if (out->length < kHeaderLength + kAnswerLength) return Throw(env, "ERR_INVALID_ARG_VALUE", kMessage);
    return true;
  }

  // Takes `changes` and `count`, the first two arguments, applies them in order and stores each one's result.
  bool TakeAndApply(napi_env env, const napi_value* arguments, bool* all_taken) {
    int count = 0;
    if (!TakeInt(env, arguments[1], 0, "EpollSet: the number of changes must be an integer, 0 or more", &count)) {
      return false;
    }
    if (count == 0) return true;
    constexpr const char* kMessage = "EpollSet: the changes must be an Int32Array that holds as many as were counted";
    Words changes;
    if (!TakeWords(env, arguments[0], kMessage, &changes)) return false;
    if (changes.length / kChangeLength < static_cast<size_t>(count))
      return Throw(env, "ERR_INVALID_ARG_VALUE", kMessage);
    for (int index = 0; index < count; index++) {
      int32_t* change = changes.data + static_cast<size_t>(index) * kChangeLength;
      epoll_event event = {};
      event.events = static_cast<uint32_t>(change[2]);
      event.data.u64 = TagOf(change[1], change[3]);
      change[4] = epoll_ctl(fd_, change[0], change[1], &event) == 0 ? 0 : -errno;
      // Whoever asked must see this before anything waits.
      if (change[4] != 0) *all_taken = false;
    }
    return true;
  }

  // Makes room for the kernel's answers and returns how many fit.
  int Prepare(Words answers) {
    const size_t fitting = std::min((answers.length - kHeaderLength) / kAnswerLength, static_cast<size_t>(kMaxEvents));
    if (events_.size() < fitting) events_.resize(fitting);
    return static_cast<int>(fitting);
  }

  // Copies out what the kernel answered. The time is read here because here it costs no further call.
  napi_value Answer(napi_env env, Words answers, int count) {
    const int error = errno;
    const double times[] = {Milliseconds(CLOCK_MONOTONIC), Milliseconds(CLOCK_REALTIME)};
    static_assert(sizeof times == kHeaderLength * sizeof(int32_t), "the header is two doubles");
    std::memcpy(answers.data, times, sizeof times);
    if (count < 0) return Int(env, -error);
    int32_t* answer = answers.data + kHeaderLength;
    for (int index = 0; index < count; index++, answer += kAnswerLength) {
      const epoll_event& event = events_[static_cast<size_t>(index)];
      answer[0] = static_cast<int32_t>(event.data.u64 & 0xffffffff);
      answer[1] = static_cast<int32_t>(event.data.u64 >> 32);
      answer[2] = static_cast<int32_t>(event.events);
    }
    return Int(env, count);
  }

  Napi::Value GetFd(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), fd_); }

  // keepReadable(on): a descriptor that is always ready keeps the set readable for whoever polls it.
  Napi::Value KeepReadable(const Napi::CallbackInfo& info) {
    if (info.Length() < 1 || !info[0].IsBoolean()) {
      Throw(info.Env(), "ERR_INVALID_ARG_TYPE", "EpollSet.keepReadable: the argument must be true or false");
      return info.Env().Undefined();
    }
    return Napi::Number::New(info.Env(), info[0].As<Napi::Boolean>() ? Mark() : Unmark());
  }

  int Mark() {
    if (marker_ >= 0) return 0;
    const int marker = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (marker < 0) return -errno;
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u64 = TagOf(kMarker, 0);
    if (epoll_ctl(fd_, EPOLL_CTL_ADD, marker, &event) != 0) {
      const int error = errno;
      close(marker);
      return -error;
    }
    marker_ = marker;
    return 0;
  }

  int Unmark() {
    // Its last close takes it out of the set.
    if (marker_ >= 0) close(marker_);
    marker_ = -1;
    return 0;
  }

  // The number is somebody else's by now: forget it without closing it.
  void Abandon(const Napi::CallbackInfo&) {
    fd_ = -EBADF;
    Release();
  }

  void Close(const Napi::CallbackInfo&) { Release(); }

  void Release() {
    Unmark();
    if (fd_ >= 0) close(fd_);
    fd_ = -EBADF;
  }

  // The set's descriptor, or a negative errno.
  int fd_ = -EBADF;
  int marker_ = -1;
  std::vector<epoll_event> events_;
};

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("EpollSet", EpollSet::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
