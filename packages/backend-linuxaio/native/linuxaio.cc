// AioContext for JavaScript, and the Notifier: takes and checks arguments, and nothing else.
#include <polyloop/binding.h>
#include <polyloop/notifier.h>

#include <climits>
#include <new>

#include "aio-context.h"

namespace {

using backend_linuxaio::AioContext;
using polyloop::Words;

template <size_t N>
struct Call : polyloop::Call<AioContext, N> {
  using polyloop::Call<AioContext, N>::Call;

  // Takes `requests` and `count`, the first two arguments, and makes them.
  bool Apply(bool* all_taken) const {
    Words requests{};
    size_t count = 0;
    if (!this->TakeList(0, backend_linuxaio::kRequestLength,
                        "the requests must be an Int32Array that holds as many as were counted", &requests, &count)) {
      return false;
    }
    *all_taken = this->self()->Apply(requests, count);
    return true;
  }
};

// new AioContext(requests, readsRing)
napi_value ConstructContext(napi_env env, napi_callback_info info) {
  const polyloop::Construction<AioContext, 2> construction(env, info);
  int requests = 0;
  bool reads_ring = false;
  if (!construction.ok() ||
      !construction.TakeInteger(0, 1, INT_MAX, "the number of requests must be an integer, 1 or more", &requests) ||
      !construction.TakeBoolean(1, "readsRing must be true or false", &reads_ring)) {
    return nullptr;
  }
  return construction.Wrap(std::unique_ptr<AioContext>(new (std::nothrow) AioContext(requests, reads_ring)));
}

// apply(requests, count)
napi_value Apply(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  bool all_taken = true;
  if (call.self() != nullptr) call.Apply(&all_taken);
  return nullptr;
}

// exchange(requests, count, answers, seconds, nanoseconds)
napi_value Exchange(napi_env env, napi_callback_info info) {
  const Call<5> call(env, info);
  Words answers{};
  timespec limit{};
  bool all_taken = true;
  if (call.self() == nullptr || !call.TakeTime(3, &limit) ||
      !call.TakeAnswers(2, backend_linuxaio::kHeaderLength + backend_linuxaio::kAnswerLength, &answers) ||
      !call.Apply(&all_taken)) {
    return nullptr;
  }
  // Whoever made a request that was refused must see that before anything waits.
  if (!all_taken) limit = {0, 0};
  return call.Answer(call.self()->Take(answers, limit.tv_sec < 0 ? nullptr : &limit));
}

// hasAnswers()
napi_value HasAnswers(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->HasAnswers() ? 1 : 0);
}

// notify(fd)
napi_value Notify(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  int fd = -1;
  if (call.self() == nullptr || !call.TakeInteger(0, -1, INT_MAX, "notify takes a descriptor, or -1", &fd)) {
    return nullptr;
  }
  call.self()->SetNotifier(fd);
  return nullptr;
}

// close(now)
napi_value CloseContext(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  bool now = false;
  if (call.self() == nullptr || !call.TakeBoolean(0, "the argument of close must be true or false", &now)) {
    return nullptr;
  }
  call.self()->Close(now);
  return nullptr;
}

napi_value GetError(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->error());
}

napi_value GetRoom(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->room());
}

napi_value GetReadsRing(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->ReadsRing() ? 1 : 0);
}

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const napi_property_descriptor context[] = {
      polyloop::Getter("error", GetError),         polyloop::Getter("room", GetRoom),
      polyloop::Getter("readsRing", GetReadsRing), polyloop::Method("apply", Apply),
      polyloop::Method("exchange", Exchange),      polyloop::Method("hasAnswers", HasAnswers),
      polyloop::Method("notify", Notify),          polyloop::Method("close", CloseContext),
  };
  polyloop::DefineClass<AioContext>(env, exports, ConstructContext, context);
  polyloop::DefineNotifier(env, exports);
  return exports;
}
