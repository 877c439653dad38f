//===- DeviceCode.h - The kernels that host code carries, checked ---------===//
#ifndef EINFALL_CORE_DEVICECODE_H
#define EINFALL_CORE_DEVICECODE_H

#include "einfall/device.h"
#include "einfall/status.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace einfall::rt {

/// What einf_device_code holds. Images point into the blob.
struct DeviceCode {
  struct Kernel {
    std::string name, source;
    unsigned threads = 0, sharedBytes = 0;

    /// "kernel 'scores' (model.py:12)".
    std::string title() const;
  };
  struct Image {
    einf_device_image_kind kind = EINF_IMAGE_PTX;
    unsigned capability = 0; ///< without the mark of exactness
    bool exact = false;
    std::span<const std::byte> bytes;

    /// "sm_90a", "sm_80 (PTX)".
    std::string name() const;
  };
  std::vector<Kernel> kernels;
  std::vector<Image> images;

  /// The images for a chip of that capability, the best first: machine code for
  /// it, then text that it runs, newer before older.
  std::vector<const Image *> pick(unsigned capability) const;
  /// "sm_80 (PTX), sm_90a".
  std::string imageNames() const;
};

/// Reads a blob; checks every offset and length.
Result<DeviceCode> parseDeviceCode(std::span<const std::byte> blob);

} // namespace einfall::rt
#endif
