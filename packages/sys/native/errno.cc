// Names and messages of error numbers.
#include <cerrno>
#include <cstring>
#include <string>

#include "arguments.h"
#include "call.h"
#include "errno-name.h"
#include "functions.h"

namespace sys {
namespace {

// A table of our own: strerrorname_np is glibc 2.32 and newer, and no other C library has it. The numbers come from the
// headers, since mips, sparc and others have their own. EWOULDBLOCK, EDEADLOCK and ENOTSUP are second names of EAGAIN,
// EDEADLK and EOPNOTSUPP.
struct Entry {
  int number;
  const char* name;
};

#define POLYLOOP_ERRNO(name) \
  { name, #name }
constexpr Entry kEntries[] = {
    POLYLOOP_ERRNO(EPERM),
    POLYLOOP_ERRNO(ENOENT),
    POLYLOOP_ERRNO(ESRCH),
    POLYLOOP_ERRNO(EINTR),
    POLYLOOP_ERRNO(EIO),
    POLYLOOP_ERRNO(ENXIO),
    POLYLOOP_ERRNO(E2BIG),
    POLYLOOP_ERRNO(ENOEXEC),
    POLYLOOP_ERRNO(EBADF),
    POLYLOOP_ERRNO(ECHILD),
    POLYLOOP_ERRNO(EAGAIN),
    POLYLOOP_ERRNO(ENOMEM),
    POLYLOOP_ERRNO(EACCES),
    POLYLOOP_ERRNO(EFAULT),
    POLYLOOP_ERRNO(ENOTBLK),
    POLYLOOP_ERRNO(EBUSY),
    POLYLOOP_ERRNO(EEXIST),
    POLYLOOP_ERRNO(EXDEV),
    POLYLOOP_ERRNO(ENODEV),
    POLYLOOP_ERRNO(ENOTDIR),
    POLYLOOP_ERRNO(EISDIR),
    POLYLOOP_ERRNO(EINVAL),
    POLYLOOP_ERRNO(ENFILE),
    POLYLOOP_ERRNO(EMFILE),
    POLYLOOP_ERRNO(ENOTTY),
    POLYLOOP_ERRNO(ETXTBSY),
    POLYLOOP_ERRNO(EFBIG),
    POLYLOOP_ERRNO(ENOSPC),
    POLYLOOP_ERRNO(ESPIPE),
    POLYLOOP_ERRNO(EROFS),
    POLYLOOP_ERRNO(EMLINK),
    POLYLOOP_ERRNO(EPIPE),
    POLYLOOP_ERRNO(EDOM),
    POLYLOOP_ERRNO(ERANGE),
    POLYLOOP_ERRNO(EDEADLK),
    POLYLOOP_ERRNO(ENAMETOOLONG),
    POLYLOOP_ERRNO(ENOLCK),
    POLYLOOP_ERRNO(ENOSYS),
    POLYLOOP_ERRNO(ENOTEMPTY),
    POLYLOOP_ERRNO(ELOOP),
    POLYLOOP_ERRNO(ENOMSG),
    POLYLOOP_ERRNO(EIDRM),
    POLYLOOP_ERRNO(ECHRNG),
    POLYLOOP_ERRNO(EL2NSYNC),
    POLYLOOP_ERRNO(EL3HLT),
    POLYLOOP_ERRNO(EL3RST),
    POLYLOOP_ERRNO(ELNRNG),
    POLYLOOP_ERRNO(EUNATCH),
    POLYLOOP_ERRNO(ENOCSI),
    POLYLOOP_ERRNO(EL2HLT),
    POLYLOOP_ERRNO(EBADE),
    POLYLOOP_ERRNO(EBADR),
    POLYLOOP_ERRNO(EXFULL),
    POLYLOOP_ERRNO(ENOANO),
    POLYLOOP_ERRNO(EBADRQC),
    POLYLOOP_ERRNO(EBADSLT),
    POLYLOOP_ERRNO(EBFONT),
    POLYLOOP_ERRNO(ENOSTR),
    POLYLOOP_ERRNO(ENODATA),
    POLYLOOP_ERRNO(ETIME),
    POLYLOOP_ERRNO(ENOSR),
    POLYLOOP_ERRNO(ENONET),
    POLYLOOP_ERRNO(ENOPKG),
    POLYLOOP_ERRNO(EREMOTE),
    POLYLOOP_ERRNO(ENOLINK),
    POLYLOOP_ERRNO(EADV),
    POLYLOOP_ERRNO(ESRMNT),
    POLYLOOP_ERRNO(ECOMM),
    POLYLOOP_ERRNO(EPROTO),
    POLYLOOP_ERRNO(EMULTIHOP),
    POLYLOOP_ERRNO(EDOTDOT),
    POLYLOOP_ERRNO(EBADMSG),
    POLYLOOP_ERRNO(EOVERFLOW),
    POLYLOOP_ERRNO(ENOTUNIQ),
    POLYLOOP_ERRNO(EBADFD),
    POLYLOOP_ERRNO(EREMCHG),
    POLYLOOP_ERRNO(ELIBACC),
    POLYLOOP_ERRNO(ELIBBAD),
    POLYLOOP_ERRNO(ELIBSCN),
    POLYLOOP_ERRNO(ELIBMAX),
    POLYLOOP_ERRNO(ELIBEXEC),
    POLYLOOP_ERRNO(EILSEQ),
    POLYLOOP_ERRNO(ERESTART),
    POLYLOOP_ERRNO(ESTRPIPE),
    POLYLOOP_ERRNO(EUSERS),
    POLYLOOP_ERRNO(ENOTSOCK),
    POLYLOOP_ERRNO(EDESTADDRREQ),
    POLYLOOP_ERRNO(EMSGSIZE),
    POLYLOOP_ERRNO(EPROTOTYPE),
    POLYLOOP_ERRNO(ENOPROTOOPT),
    POLYLOOP_ERRNO(EPROTONOSUPPORT),
    POLYLOOP_ERRNO(ESOCKTNOSUPPORT),
    POLYLOOP_ERRNO(EOPNOTSUPP),
    POLYLOOP_ERRNO(EPFNOSUPPORT),
    POLYLOOP_ERRNO(EAFNOSUPPORT),
    POLYLOOP_ERRNO(EADDRINUSE),
    POLYLOOP_ERRNO(EADDRNOTAVAIL),
    POLYLOOP_ERRNO(ENETDOWN),
    POLYLOOP_ERRNO(ENETUNREACH),
    POLYLOOP_ERRNO(ENETRESET),
    POLYLOOP_ERRNO(ECONNABORTED),
    POLYLOOP_ERRNO(ECONNRESET),
    POLYLOOP_ERRNO(ENOBUFS),
    POLYLOOP_ERRNO(EISCONN),
    POLYLOOP_ERRNO(ENOTCONN),
    POLYLOOP_ERRNO(ESHUTDOWN),
    POLYLOOP_ERRNO(ETOOMANYREFS),
    POLYLOOP_ERRNO(ETIMEDOUT),
    POLYLOOP_ERRNO(ECONNREFUSED),
    POLYLOOP_ERRNO(EHOSTDOWN),
    POLYLOOP_ERRNO(EHOSTUNREACH),
    POLYLOOP_ERRNO(EALREADY),
    POLYLOOP_ERRNO(EINPROGRESS),
    POLYLOOP_ERRNO(ESTALE),
    POLYLOOP_ERRNO(EUCLEAN),
    POLYLOOP_ERRNO(ENOTNAM),
    POLYLOOP_ERRNO(ENAVAIL),
    POLYLOOP_ERRNO(EISNAM),
    POLYLOOP_ERRNO(EREMOTEIO),
    POLYLOOP_ERRNO(EDQUOT),
    POLYLOOP_ERRNO(ENOMEDIUM),
    POLYLOOP_ERRNO(EMEDIUMTYPE),
    POLYLOOP_ERRNO(ECANCELED),
    POLYLOOP_ERRNO(ENOKEY),
    POLYLOOP_ERRNO(EKEYEXPIRED),
    POLYLOOP_ERRNO(EKEYREVOKED),
    POLYLOOP_ERRNO(EKEYREJECTED),
    POLYLOOP_ERRNO(EOWNERDEAD),
    POLYLOOP_ERRNO(ENOTRECOVERABLE),
    POLYLOOP_ERRNO(ERFKILL),
    POLYLOOP_ERRNO(EHWPOISON),
};
#undef POLYLOOP_ERRNO

// The errno of both spellings, 11 and -11.
bool TakeErrno(napi_env env, napi_callback_info info, const char* function, int* out) {
  Call<1> call(env, info);
  if (!TakeInt(env, call.argument[0], {function, "errno"}, -kMaxInt, kMaxInt, out)) return false;
  if (*out < 0) *out = -*out;
  return true;
}

napi_value AnswerText(napi_env env, const char* text) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

// strerror_r comes in two shapes: glibc's returns the text, POSIX's (musl) fills the buffer and returns an int.
[[maybe_unused]] const char* MessageOf(const char* text, const char*) {
  return text;
}
[[maybe_unused]] const char* MessageOf(int failed, const char* buffer) {
  return failed == 0 ? buffer : "Unknown error";
}

}  // namespace

std::string NameOfErrno(int number) {
  for (const Entry& entry : kEntries) {
    if (entry.number == number) return entry.name;
  }
  return "E#" + std::to_string(number);
}

napi_value ErrnoName(napi_env env, napi_callback_info info) {
  int number = 0;
  if (!TakeErrno(env, info, "errnoName", &number)) return nullptr;
  return AnswerText(env, NameOfErrno(number).c_str());
}

napi_value ErrnoMessage(napi_env env, napi_callback_info info) {
  int number = 0;
  if (!TakeErrno(env, info, "errnoMessage", &number)) return nullptr;
  char buffer[256] = "";
  return AnswerText(env, MessageOf(::strerror_r(number, buffer, sizeof buffer), buffer));
}

}  // namespace sys
