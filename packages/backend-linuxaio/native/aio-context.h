// A context of Linux AIO, the memory of its requests and the room for its answers: system calls, and nothing that
// decides. What to ask, when to ask again and what an answer means is in src/backend.ts; src/port.ts says what each
// call promises.
#ifndef POLYLOOP_BACKEND_LINUXAIO_AIO_CONTEXT_H_
#define POLYLOOP_BACKEND_LINUXAIO_AIO_CONTEXT_H_

#include <linux/aio_abi.h>
#include <polyloop/questions.h>
#include <polyloop/words.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "completion-ring.h"

namespace backend_linuxaio {

using polyloop::Words;

// The layout of the arrays; src/port.ts has the same numbers.
constexpr size_t kRequestLength = 6;  // operation, slot, descriptor, poll mask, generation, result
constexpr size_t kHeaderLength = polyloop::kTimesLength;
constexpr size_t kAnswerLength = 3;  // slot, generation, poll mask or negative errno
constexpr int32_t kSubmit = 1;
constexpr int32_t kCancel = 2;
constexpr int32_t kSubmitNew = 3;

class AioContext {
 public:
  static constexpr const char* kName = "AioContext";

  // Whether it could be opened is told by error().
  AioContext(int requests, bool reads_ring);
  // It owns the context: one that is collected, or whose thread ends, gives it back.
  ~AioContext() { Close(false); }
  AioContext(const AioContext&) = delete;
  AioContext& operator=(const AioContext&) = delete;

  // 0 or a negative errno.
  int error() const { return error_; }
  // How many requests the kernel promises to take.
  int room() const { return room_; }
  bool ReadsRing() const { return ring_.IsValid(); }

  // Makes `count` requests, which `requests` holds, and stores each one's result. Returns whether all were taken.
  bool Apply(Words requests, size_t count);

  // Stores the answers that are there; if there are none, waits for one. `answers` has room for the header and one
  // answer at least. Returns the number of answers or a negative errno.
  int Take(Words answers, const timespec* timeout);

  // Whether an answer may be waiting to be taken.
  bool HasAnswers() const;

  // Requests made from now on tell this eventfd of their answers; -1: none.
  void SetNotifier(int fd) { notifier_ = fd; }

  // Gives the context back, `now` or without waiting until that has happened.
  void Close(bool now);

 private:
  // The addresses by which the kernel knows requests must stay, so chunks are never moved.
  static constexpr size_t kChunk = 256;

  bool IsMine() const;
  void LookAtTheNew(Words requests, size_t count);
  iocb* RequestAt(int32_t slot);
  const iocb* FindRequest(int32_t slot) const;
  void Prepare(iocb* request, const int32_t* words) const;
  int Cancel(int32_t slot);
  void Submit(int32_t* requests);
  void Store(const io_event& event, int32_t* answer);
  int TakeReady(int32_t* answer, int capacity);
  int Wait(int32_t* answer, int capacity, const timespec* timeout);
  void LookAgain();

  aio_context_t id_ = 0;
  int error_ = 0;
  int asked_ = 0;
  int room_ = 0;
  int notifier_ = -1;
  uint32_t era_ = 0;
  CompletionRing ring_;
  std::vector<std::unique_ptr<iocb[]>> chunks_;
  // What the next io_submit(2) is to take, and where each came from.
  std::vector<iocb*> batch_;
  std::vector<size_t> origins_;
  // Answers that say more than is so, perhaps.
  std::vector<int32_t*> doubtful_;
  polyloop::Questions questions_;
};

}  // namespace backend_linuxaio

#endif  // POLYLOOP_BACKEND_LINUXAIO_AIO_CONTEXT_H_
