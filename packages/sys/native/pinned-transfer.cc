// read(2) and write(2) on memory that stays where it is: a call without arguments and without an answer, which Node-API
// makes some 65 ns faster than the other kind. Everything travels in a few words.
//
// Who vouches for what: `src/pinned.ts` keeps the view that was pinned last alive, and calls `run` only while that view
// is not detached (its memory has a fixed size, so it cannot move or go otherwise). Here every number is checked
// against the size that was pinned, whatever JavaScript has checked.
#include <cstddef>
#include <cstdint>

#include "functions.h"
#include "move.h"

namespace sys {
namespace {

// Slots of the words; `src/pinned.ts` has the same.
constexpr size_t kFd = 0;
constexpr size_t kOffset = 1;
constexpr size_t kLength = 2;
constexpr size_t kResult = 3;
constexpr size_t kWords = 4;
// A result that is no count and no errno: nothing was done, ask the function that explains.
constexpr int32_t kRefused = INT32_MIN;

struct Pinned {
  napi_env env = nullptr;
  // Keeps `words` alive.
  napi_ref kept = nullptr;
  int32_t* words = nullptr;
  uint8_t* data = nullptr;
  size_t size = 0;
};

// The reference, too: Node-API frees none that it handed out, not even with the environment.
void Free(void* state) {
  auto* pinned = static_cast<Pinned*>(state);
  napi_delete_reference(pinned->env, pinned->kept);
  delete pinned;
}

template <Direction kDirection>
napi_value Run(napi_env env, napi_callback_info info) {
  void* state = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &state);
  const auto* pinned = static_cast<Pinned*>(state);
  int32_t* words = pinned->words;
  const int32_t fd = words[kFd];
  const int32_t offset = words[kOffset];
  const int32_t length = words[kLength];
  const bool is_inside = (fd | offset | length) >= 0 && static_cast<size_t>(offset) <= pinned->size &&
                         static_cast<size_t>(length) <= pinned->size - static_cast<size_t>(offset);
  words[kResult] = is_inside ? Move<kDirection>(fd, pinned->data + offset, static_cast<size_t>(length)) : kRefused;
  return nullptr;
}

// Whether the view is now the one that `run` works on: a Uint8Array (a Buffer, too) that is not empty, not detached,
// and not over shared memory. Every other view goes by way of transfer.cc.
napi_value Pin(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value view = nullptr;
  void* state = nullptr;
  napi_get_cb_info(env, info, &count, &view, nullptr, &state);
  auto* pinned = static_cast<Pinned*>(state);
  auto type = static_cast<napi_typedarray_type>(-1);
  void* data = nullptr;
  size_t size = 0;
  napi_value buffer = nullptr;
  bool is_private = false;
  // Asking for the memory moves that of a small array out of the collected heap, for good.
  const bool is_fit = napi_get_typedarray_info(env, view, &type, &size, &data, &buffer, nullptr) == napi_ok &&
                      type == napi_uint8_array && size > 0 &&
                      napi_is_arraybuffer(env, buffer, &is_private) == napi_ok && is_private;
  pinned->data = is_fit ? static_cast<uint8_t*>(data) : nullptr;
  pinned->size = is_fit ? size : 0;
  napi_value result = nullptr;
  napi_get_boolean(env, is_fit, &result);
  return result;
}

}  // namespace

// Each call makes functions and words that share nothing with those of another: whoever gets hold of the addon cannot
// reach the ones in use. They live as long as the environment, the words kept by a reference of it.
napi_value CreatePinnedTransfer(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  bool writes = false;
  void* memory = nullptr;
  napi_value buffer = nullptr;
  napi_value words = nullptr;
  napi_ref kept = nullptr;
  napi_value result = nullptr;
  if (napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr) != napi_ok ||
      napi_get_value_bool(env, argument, &writes) != napi_ok ||
      napi_create_arraybuffer(env, kWords * sizeof(int32_t), &memory, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_int32_array, kWords, buffer, 0, &words) != napi_ok ||
      napi_create_object(env, &result) != napi_ok || napi_create_reference(env, words, 1, &kept) != napi_ok) {
    return nullptr;
  }
  auto* pinned = new Pinned;
  pinned->env = env;
  pinned->kept = kept;
  pinned->words = static_cast<int32_t*>(memory);
  napi_add_env_cleanup_hook(env, Free, pinned);
  const napi_callback run = writes ? Run<Direction::kWrite> : Run<Direction::kRead>;
  const napi_property_descriptor members[] = {
      {"words", nullptr, nullptr, nullptr, nullptr, words, napi_default, nullptr},
      {"pin", nullptr, Pin, nullptr, nullptr, nullptr, napi_default, pinned},
      {"run", nullptr, run, nullptr, nullptr, nullptr, napi_default, pinned},
  };
  napi_define_properties(env, result, sizeof members / sizeof members[0], members);
  return result;
}

}  // namespace sys
