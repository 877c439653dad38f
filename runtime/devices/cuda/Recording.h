//===- Recording.h - What one call of an entry asks the device to do ------===//
//
// Host code launches through a table of functions. Here they only note what is
// asked, so that the queue can see a call as a whole: replay it as a graph, or
// launch it piece by piece, with names for what fails.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_DEVICES_CUDA_RECORDING_H
#define EINFALL_DEVICES_CUDA_RECORDING_H

#include "einfall/abi.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace einfall::rt::cuda {

/// Instead of a kernel's number: a copy.
inline constexpr uint32_t kCopy = UINT32_MAX;

struct Launch {
  uint32_t kernel;
  uint32_t step;       ///< of the entry
  uint32_t frame;      ///< offset of its parameters
  uint32_t frameBytes; ///< of them; a copy has none of these two
  int64_t blocks;      ///< bytes of a copy
  const void *source;  ///< of a copy
  void *target;
};

class Recording {
public:
  /// Forgets what was recorded, but keeps its memory.
  void clear(uint32_t kernelCount);
  /// The table for host code; its queue argument is a Recording.
  static const einf_services &services();

  std::span<const Launch> launches() const { return launches_; }
  const std::byte *frame(const Launch &launch) const { return frames_.data() + launch.frame; }
  /// What host code asked for that cannot be, such as a kernel that is not
  /// there; empty if nothing.
  const std::string &error() const { return error_; }

  /// Whether both do the same kinds of work in the same order.
  bool hasShapeOf(const Recording &other) const;
  /// Whether launch `i` of both is the same in all its parameters.
  bool isSameAt(size_t i, const Recording &other) const;
  /// Whether a copy is larger than a graph takes.
  bool hasLargeCopy() const;
  /// A number for the shape, for what has one shape only.
  uint64_t shapeHash() const;

private:
  static void launch(void *queue, uint32_t kernel, const void *frame, uint64_t frameBytes,
                     int64_t blocks);
  static void copy(void *queue, const void *source, void *target, int64_t bytes);

  uint32_t kernelCount_ = 0, step_ = 0;
  std::vector<Launch> launches_;
  std::vector<std::byte> frames_;
  std::string error_;
};

} // namespace einfall::rt::cuda
#endif
