//===- DeviceCode.cpp - The kernels that host code carries, checked -------===//
#include "DeviceCode.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace einfall::rt {
namespace {

constexpr unsigned kMaxThreads = 1024;

std::optional<std::span<const std::byte>> part(std::span<const std::byte> blob, uint64_t offset,
                                               uint64_t size) {
  if (offset > blob.size() || size > blob.size() - offset)
    return std::nullopt;
  return blob.subspan(offset, size);
}

template <typename T> T readAt(std::span<const std::byte> blob, uint64_t offset) {
  T value;
  std::memcpy(&value, blob.data() + offset, sizeof value);
  return value;
}

Status damaged(const std::string &what) {
  return badPackage("its device code is damaged: " + what);
}

Status readText(std::span<const std::byte> blob, uint32_t offset, uint32_t size,
                std::string &text) {
  auto bytes = part(blob, offset, size);
  if (!bytes)
    return damaged("a name reaches past the end");
  text.assign(reinterpret_cast<const char *>(bytes->data()), bytes->size());
  if (text.find('\0') != std::string::npos)
    return damaged("a name holds a zero");
  return {};
}

Status readKernel(std::span<const std::byte> blob, uint64_t at, DeviceCode::Kernel &kernel) {
  auto raw = readAt<einf_device_kernel>(blob, at);
  EINF_TRY(readText(blob, raw.name_offset, raw.name_size, kernel.name));
  EINF_TRY(readText(blob, raw.source_offset, raw.source_size, kernel.source));
  kernel.threads = raw.threads;
  kernel.sharedBytes = raw.shared_bytes;
  if (kernel.name.empty() || raw.threads < 1 || raw.threads > kMaxThreads ||
      raw.shared_bytes > INT32_MAX)
    return damaged("kernel '" + kernel.name + "' has a bad name or size");
  return {};
}

Status readImage(std::span<const std::byte> blob, uint64_t at, DeviceCode::Image &image) {
  auto raw = readAt<einf_device_image>(blob, at);
  auto bytes = part(blob, raw.offset, raw.size);
  if (!bytes || bytes->empty())
    return damaged("an image reaches past the end");
  if (raw.kind > EINF_IMAGE_CUBIN || (raw.capability & ~EINF_CAPABILITY_EXACT) > 0xffff)
    return damaged("an image is of an unknown kind");
  image = {einf_device_image_kind(raw.kind), raw.capability & ~EINF_CAPABILITY_EXACT,
           (raw.capability & EINF_CAPABILITY_EXACT) != 0, *bytes};
  // The driver reads up to the zero, so it must be there.
  if (image.kind == EINF_IMAGE_PTX && bytes->back() != std::byte(0))
    return damaged("text has no zero at its end");
  return {};
}

bool runsOn(const DeviceCode::Image &image, unsigned capability) {
  if (image.kind == EINF_IMAGE_CUBIN || image.exact)
    return image.capability == capability;
  return image.capability <= capability;
}

/// Machine code before text, newer before older, a chip's own features first.
bool isBetter(const DeviceCode::Image &a, const DeviceCode::Image &b) {
  if (a.kind != b.kind)
    return a.kind == EINF_IMAGE_CUBIN;
  if (a.capability != b.capability)
    return a.capability > b.capability;
  return a.exact && !b.exact;
}

} // namespace

std::vector<const DeviceCode::Image *> DeviceCode::pick(unsigned capability) const {
  std::vector<const Image *> found;
  for (const Image &image : images)
    if (runsOn(image, capability))
      found.push_back(&image);
  std::ranges::stable_sort(found, [](const Image *a, const Image *b) { return isBetter(*a, *b); });
  return found;
}

std::string DeviceCode::Kernel::title() const {
  return "kernel '" + name + "'" + (source.empty() ? "" : " (" + source + ")");
}

std::string DeviceCode::Image::name() const {
  return "sm_" + std::to_string(capability) + (exact ? "a" : "") +
         (kind == EINF_IMAGE_PTX ? " (PTX)" : "");
}

std::string DeviceCode::imageNames() const {
  std::string text;
  for (const Image &image : images)
    text += (text.empty() ? "" : ", ") + image.name();
  return text.empty() ? "nothing" : text;
}

Result<DeviceCode> parseDeviceCode(std::span<const std::byte> blob) {
  if (blob.size() < sizeof(einf_device_header))
    return damaged("it is too short");
  auto header = readAt<einf_device_header>(blob, 0);
  if (std::memcmp(header.magic, EINF_DEVICE_MAGIC, EINF_DEVICE_MAGIC_SIZE) != 0)
    return damaged("it has a wrong magic");
  if (header.size > blob.size())
    return damaged("it is shorter than it says");
  blob = blob.first(header.size);
  uint64_t kernels = sizeof header;
  uint64_t images = kernels + uint64_t(header.kernel_count) * sizeof(einf_device_kernel);
  uint64_t end = images + uint64_t(header.image_count) * sizeof(einf_device_image);
  if (end > blob.size())
    return damaged("its tables reach past the end");
  DeviceCode code;
  for (uint64_t at = kernels; at < images; at += sizeof(einf_device_kernel))
    EINF_TRY(readKernel(blob, at, code.kernels.emplace_back()));
  for (uint64_t at = images; at < end; at += sizeof(einf_device_image))
    EINF_TRY(readImage(blob, at, code.images.emplace_back()));
  return code;
}

} // namespace einfall::rt
