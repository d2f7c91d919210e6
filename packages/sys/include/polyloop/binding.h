// What the addons of the backends have in common: a class of JavaScript around one kernel object, whose methods take
// integers and Int32Arrays, checked, and answer with an int.
//
// Plain Node-API instead of its C++ wrapper: that one aborts the process when a worker is terminated while its code
// runs, because every call fails then and it has no way to say so. Here a failed call is a return. V8 itself refuses a
// receiver that no constructor of ours has made. Nothing here runs JavaScript, so memory that was checked stays as it
// is until the call is over.
#ifndef POLYLOOP_BINDING_H_
#define POLYLOOP_BINDING_H_

#include <node_api.h>
#include <time.h>

#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "words.h"

namespace polyloop {

// The arguments of one call, for the class T: `T::kName` is how JavaScript calls it. Missing arguments read as
// undefined. What cannot be taken throws, and the taker returns false.
template <class T, size_t N>
class Arguments {
 public:
  bool TakeInteger(size_t index, int low, int high, const char* what, int* out) const {
    double number = 0;
    if (napi_get_value_double(env_, values_[index], &number) != napi_ok) return RefuseType(what);
    if (!(number >= low && number <= high && number == std::trunc(number))) {
      napi_throw_range_error(env_, "ERR_OUT_OF_RANGE", Message(what).c_str());
      return false;
    }
    *out = static_cast<int>(number);
    return true;
  }

  bool TakeBoolean(size_t index, const char* what, bool* out) const {
    return napi_get_value_bool(env_, values_[index], out) == napi_ok || RefuseType(what);
  }

  // A list and, in the next argument, how many entries of `entry_length` words it holds. With a count of 0 there need
  // be no array.
  bool TakeList(size_t index, size_t entry_length, const char* what, Words* out, size_t* entries) const {
    int count = 0;
    *out = {nullptr, 0};
    if (!TakeInteger(index + 1, 0, INT_MAX, "the number of entries must be an integer, 0 or more", &count)) {
      return false;
    }
    if (count > 0 && !TakeWords(index, what, out)) return false;
    *entries = static_cast<size_t>(count);
    return out->length / entry_length >= *entries || RefuseValue(what);
  }

  // Where answers are to be stored.
  bool TakeAnswers(size_t index, size_t least, Words* out) const {
    constexpr const char* kWhat = "the answers must be an Int32Array with room for the header and one answer";
    if (!TakeWords(index, kWhat, out)) return false;
    return out->length >= least || RefuseValue(kWhat);
  }

  // Seconds, -1 for ever, and nanoseconds.
  bool TakeTime(size_t index, timespec* out) const {
    int seconds = 0;
    int nanoseconds = 0;
    if (!TakeInteger(index, -1, INT_MAX, "seconds must be an integer, -1 or more", &seconds) ||
        !TakeInteger(index + 1, 0, 999'999'999, "nanoseconds must be an integer from 0 to 999999999", &nanoseconds)) {
      return false;
    }
    *out = {seconds, nanoseconds};
    return true;
  }

 protected:
  explicit Arguments(napi_env env) : env_(env) {}

  static std::string Message(const char* what) { return std::string(T::kName) + ": " + what; }

  napi_env env_;
  napi_value values_[N == 0 ? 1 : N];

 private:
  // A detached array has length 0.
  bool TakeWords(size_t index, const char* what, Words* out) const {
    // A kind of array this Node-API does not know leaves `type` alone: it must not read as a known one.
    auto type = static_cast<napi_typedarray_type>(-1);
    size_t length = 0;
    void* data = nullptr;
    if (napi_get_typedarray_info(env_, values_[index], &type, &length, &data, nullptr, nullptr) != napi_ok ||
        type != napi_int32_array) {
      return RefuseType(what);
    }
    *out = {static_cast<int32_t*>(data), data == nullptr ? 0 : length};
    return true;
  }

  bool RefuseType(const char* what) const {
    napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", Message(what).c_str());
    return false;
  }

  bool RefuseValue(const char* what) const {
    napi_throw_type_error(env_, "ERR_INVALID_ARG_VALUE", Message(what).c_str());
    return false;
  }
};

// A method or a getter.
template <class T, size_t N>
class Call : public Arguments<T, N> {
 public:
  Call(napi_env env, napi_callback_info info) : Arguments<T, N>(env) {
    size_t count = N;
    napi_value receiver = nullptr;
    void* wrapped = nullptr;
    // napi_unwrap fails while the thread is being terminated, and for an object that was not made by the constructor.
    if (napi_get_cb_info(env, info, &count, this->values_, &receiver, nullptr) == napi_ok &&
        napi_unwrap(env, receiver, &wrapped) == napi_ok) {
      self_ = static_cast<T*>(wrapped);
    } else {
      napi_throw_type_error(env, "ERR_INVALID_THIS", this->Message("called on something else").c_str());
    }
  }

  // Null when there is nothing left to do.
  T* self() const { return self_; }

  napi_value Answer(int value) const {
    napi_value result = nullptr;
    napi_create_int32(this->env_, value, &result);
    return result;
  }

 private:
  T* self_ = nullptr;
};

// The constructor.
template <class T, size_t N>
class Construction : public Arguments<T, N> {
 public:
  Construction(napi_env env, napi_callback_info info) : Arguments<T, N>(env) {
    napi_value target = nullptr;
    size_t count = N;
    if (napi_get_new_target(env, info, &target) != napi_ok) return;
    if (target == nullptr) {
      napi_throw_type_error(env, "ERR_CONSTRUCT_CALL_REQUIRED", this->Message("must be called with new").c_str());
      return;
    }
    ok_ = napi_get_cb_info(env, info, &count, this->values_, &receiver_, nullptr) == napi_ok;
  }

  // Whether there is anything to construct.
  bool ok() const { return ok_; }

  // Ties the object, null for no memory, to its JavaScript half: it goes when that is collected, or when its thread
  // ends.
  napi_value Wrap(std::unique_ptr<T> made) const {
    const auto finalize = [](napi_env, void* wrapped, void*) { delete static_cast<T*>(wrapped); };
    if (made == nullptr || napi_wrap(this->env_, receiver_, made.get(), finalize, nullptr, nullptr) != napi_ok) {
      napi_throw_error(this->env_, "ERR_OUT_OF_MEMORY", this->Message("no memory is left").c_str());
      return nullptr;
    }
    made.release();
    return receiver_;
  }

 private:
  napi_value receiver_ = nullptr;
  bool ok_ = false;
};

inline napi_property_descriptor Method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

inline napi_property_descriptor Getter(const char* name, napi_callback callback) {
  return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_default, nullptr};
}

// Puts the class T into an addon's exports. A failure leaves an exception pending, which require() throws, or means
// that the thread is being terminated.
template <class T, size_t N>
void DefineClass(napi_env env, napi_value exports, napi_callback construct,
                 const napi_property_descriptor (&members)[N]) {
  napi_value constructor = nullptr;
  if (napi_define_class(env, T::kName, NAPI_AUTO_LENGTH, construct, nullptr, N, members, &constructor) == napi_ok) {
    napi_set_named_property(env, exports, T::kName, constructor);
  }
}

}  // namespace polyloop

#endif  // POLYLOOP_BINDING_H_
