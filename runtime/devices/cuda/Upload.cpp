//===- Upload.cpp - Copies weights to the device --------------------------===//
#include "Memory.h"
#include "Program.h"

#include <algorithm>
#include <cstring>

namespace einfall::rt::cuda {
namespace {

constexpr uint64_t kPiece = 8u << 20;

/// Two pieces of pinned memory that take turns.
class Uploader {
public:
  explicit Uploader(const std::shared_ptr<Gpu> &gpu) : gpu_(gpu), driver_(gpu->driver()) {}
  ~Uploader() {
    if (stream_) {
      driver_.streamWait(stream_); // the pieces go now
      driver_.streamDestroy(stream_);
    }
    for (Event event : events_)
      if (event)
        driver_.eventDestroy(event);
  }

  Status open(uint64_t bytes) {
    constexpr unsigned kNonBlocking = 1, kNoTiming = 2;
    Code code = driver_.streamCreate(&stream_, kNonBlocking);
    for (size_t i = 0; i < 2 && code == 0; ++i) {
      Result<MemoryPtr> memory = allocatePinned(gpu_, std::min(bytes, kPiece), "copying weights");
      if (!memory)
        return memory.status();
      pieces_[i] = std::move(*memory);
      code = driver_.eventCreate(&events_[i], kNoTiming);
    }
    return told(code);
  }

  Status run(std::span<const std::byte> source, Pointer target) {
    for (uint64_t at = 0, turn = 0; at < source.size(); at += kPiece, ++turn) {
      uint64_t size = std::min<uint64_t>(kPiece, source.size() - at);
      std::byte *piece = pieces_[turn % 2]->data();
      Event event = events_[turn % 2];
      Code code = turn < 2 ? 0 : driver_.eventWait(event);
      if (code == 0) {
        std::memcpy(piece, source.data() + at, size);
        code = driver_.copyIn(target + at, piece, size, stream_);
      }
      if (code == 0)
        code = driver_.eventRecord(event, stream_);
      EINF_TRY(told(code));
    }
    return told(driver_.streamWait(stream_));
  }

private:
  Status told(Code code) { return code == 0 ? Status() : gpu_->failure("copy the weights", code); }

  std::shared_ptr<Gpu> gpu_;
  const Driver &driver_;
  Stream stream_ = nullptr;
  MemoryPtr pieces_[2];
  Event events_[2] = {};
};

} // namespace

Status upload(const std::shared_ptr<Gpu> &gpu, std::span<const std::byte> source, Pointer target) {
  if (source.empty())
    return {};
  Current current(*gpu);
  Uploader uploader(gpu);
  EINF_TRY(uploader.open(source.size()));
  return uploader.run(source, target);
}

} // namespace einfall::rt::cuda
