#ifndef POLYLOOP_SYS_ERRNO_NAME_H_
#define POLYLOOP_SYS_ERRNO_NAME_H_

#include <string>

namespace sys {

// "EAGAIN"; "E#1234" for a number without a name. `number` is positive.
std::string NameOfErrno(int number);

}  // namespace sys

#endif  // POLYLOOP_SYS_ERRNO_NAME_H_
