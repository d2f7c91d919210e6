// EpollSet for JavaScript: takes and checks arguments, and nothing else.
#include <polyloop/binding.h>

#include <cerrno>
#include <climits>
#include <new>

#include "epoll-set.h"

namespace {

using backend_epoll::EpollSet;
using polyloop::Words;

template <size_t N>
struct Call : polyloop::Call<EpollSet, N> {
  using polyloop::Call<EpollSet, N>::Call;

  // Takes `changes` and `count`, the first two arguments, and applies them.
  bool Apply(bool* all_taken) const {
    Words changes{};
    size_t count = 0;
    if (!this->TakeList(0, backend_epoll::kChangeLength,
                        "the changes must be an Int32Array that holds as many as were counted", &changes, &count)) {
      return false;
    }
    *all_taken = this->self()->Apply(changes, count);
    return true;
  }

  bool TakeAnswers(size_t index, Words* out) const {
    return polyloop::Call<EpollSet, N>::TakeAnswers(index, backend_epoll::kHeaderLength + backend_epoll::kAnswerLength,
                                                    out);
  }
};

// apply(changes, count)
napi_value Apply(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  bool all_taken = true;
  if (call.self() != nullptr) call.Apply(&all_taken);
  return nullptr;
}

// wait(changes, count, answers, seconds, nanoseconds)
napi_value Wait(napi_env env, napi_callback_info info) {
  const Call<5> call(env, info);
  Words answers{};
  timespec limit{};
  bool all_taken = true;
  if (call.self() == nullptr || !call.TakeTime(3, &limit) || !call.TakeAnswers(2, &answers) ||
      !call.Apply(&all_taken)) {
    return nullptr;
  }
  // Whoever asked for a change that failed must see that before anything waits.
  if (!all_taken) limit = {0, 0};
  return call.Answer(call.self()->Wait(answers, limit.tv_sec < 0 ? nullptr : &limit));
}

// waitMilliseconds(changes, count, answers, milliseconds)
napi_value WaitMilliseconds(napi_env env, napi_callback_info info) {
  const Call<4> call(env, info);
  Words answers{};
  int milliseconds = 0;
  bool all_taken = true;
  if (call.self() == nullptr ||
      !call.TakeInteger(3, -1, INT_MAX, "the timeout must be an integer, -1 or more", &milliseconds) ||
      !call.TakeAnswers(2, &answers) || !call.Apply(&all_taken)) {
    return nullptr;
  }
  return call.Answer(call.self()->WaitMilliseconds(answers, all_taken ? milliseconds : 0));
}

// keepReadable(on)
napi_value KeepReadable(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  bool on = false;
  if (call.self() == nullptr || !call.TakeBoolean(0, "the argument of keepReadable must be true or false", &on)) {
    return nullptr;
  }
  return call.Answer(call.self()->KeepReadable(on));
}

napi_value GetFd(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->fd());
}

napi_value Abandon(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.self() != nullptr) call.self()->Abandon();
  return nullptr;
}

napi_value Close(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.self() != nullptr) call.self()->Release();
  return nullptr;
}

// new EpollSet()
napi_value Construct(napi_env env, napi_callback_info info) {
  const polyloop::Construction<EpollSet, 0> construction(env, info);
  if (!construction.ok()) return nullptr;
  return construction.Wrap(std::unique_ptr<EpollSet>(new (std::nothrow) EpollSet()));
}

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const napi_property_descriptor members[] = {
      polyloop::Getter("fd", GetFd),
      polyloop::Method("apply", Apply),
      polyloop::Method("wait", Wait),
      polyloop::Method("waitMilliseconds", WaitMilliseconds),
      polyloop::Method("keepReadable", KeepReadable),
      polyloop::Method("abandon", Abandon),
      polyloop::Method("close", Close),
  };
  polyloop::DefineClass<EpollSet>(env, exports, Construct, members);
  return exports;
}
