// Ring for JavaScript, and the Notifier: takes and checks arguments, and nothing else.
#include <polyloop/binding.h>
#include <polyloop/notifier.h>

#include <climits>
#include <new>

#include "ring.h"

namespace {

using backend_iouring::Ring;
using polyloop::Words;

template <size_t N>
struct Call : polyloop::Call<Ring, N> {
  using polyloop::Call<Ring, N>::Call;

  // `requests` and `count`, the first two arguments.
  bool TakeRequests(Words* requests, size_t* count) const {
    return this->TakeList(0, backend_iouring::kRequestLength,
                          "the requests must be an Int32Array that holds as many as were counted", requests, count);
  }
};

// new Ring(submissions, completions, without)
napi_value ConstructRing(napi_env env, napi_callback_info info) {
  const polyloop::Construction<Ring, 3> construction(env, info);
  int submissions = 0;
  int completions = 0;
  int without = 0;
  if (!construction.ok() ||
      !construction.TakeInteger(0, 1, INT_MAX, "the number of submissions must be an integer, 1 or more",
                                &submissions) ||
      !construction.TakeInteger(1, 1, INT_MAX, "the number of completions must be an integer, 1 or more",
                                &completions) ||
      !construction.TakeInteger(2, 0, INT_MAX, "the features to leave out must be an integer, 0 or more", &without)) {
    return nullptr;
  }
  return construction.Wrap(std::unique_ptr<Ring>(new (std::nothrow) Ring(
      static_cast<unsigned>(submissions), static_cast<unsigned>(completions), static_cast<uint32_t>(without))));
}

// apply(requests, count)
napi_value Apply(napi_env env, napi_callback_info info) {
  const Call<2> call(env, info);
  Words requests{};
  size_t count = 0;
  if (call.self() != nullptr && call.TakeRequests(&requests, &count)) call.self()->Apply(requests, count);
  return nullptr;
}

// exchange(requests, count, answers, seconds, nanoseconds)
napi_value Exchange(napi_env env, napi_callback_info info) {
  const Call<5> call(env, info);
  Words requests{};
  size_t count = 0;
  Words answers{};
  timespec limit{};
  if (call.self() == nullptr || !call.TakeTime(3, &limit) ||
      !call.TakeAnswers(2, backend_iouring::kHeaderLength + backend_iouring::kAnswerLength, &answers) ||
      !call.TakeRequests(&requests, &count)) {
    return nullptr;
  }
  return call.Answer(call.self()->Exchange(requests, count, answers, limit.tv_sec < 0 ? nullptr : &limit));
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
  return call.Answer(call.self()->Notify(fd));
}

// close()
napi_value CloseRing(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.self() != nullptr) call.self()->Close();
  return nullptr;
}

// abandon()
napi_value Abandon(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  if (call.self() != nullptr) call.self()->Abandon();
  return nullptr;
}

napi_value GetFd(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->fd());
}

napi_value GetError(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->error());
}

napi_value GetRoom(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(call.self()->room());
}

napi_value GetFeatures(napi_env env, napi_callback_info info) {
  const Call<1> call(env, info);
  return call.self() == nullptr ? nullptr : call.Answer(static_cast<int>(call.self()->features()));
}

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  const napi_property_descriptor members[] = {
      polyloop::Getter("error", GetError),        polyloop::Getter("fd", GetFd),
      polyloop::Getter("room", GetRoom),          polyloop::Getter("features", GetFeatures),
      polyloop::Method("apply", Apply),           polyloop::Method("exchange", Exchange),
      polyloop::Method("hasAnswers", HasAnswers), polyloop::Method("notify", Notify),
      polyloop::Method("abandon", Abandon),       polyloop::Method("close", CloseRing),
  };
  polyloop::DefineClass<Ring>(env, exports, ConstructRing, members);
  polyloop::DefineNotifier(env, exports);
  return exports;
}
