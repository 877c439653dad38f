//===- Program.h - A package's kernels and weights on a GPU ---------------===//
#ifndef EINFALL_DEVICES_CUDA_PROGRAM_H
#define EINFALL_DEVICES_CUDA_PROGRAM_H

#include "Device.h"
#include "core/DeviceCode.h"

namespace einfall::rt::cuda {

struct Kernel {
  Function function = nullptr;
  unsigned threads = 1, sharedBytes = 0;
  std::string name, source;
};

class GpuProgram : public Program, public std::enable_shared_from_this<GpuProgram> {
public:
  GpuProgram(std::shared_ptr<Gpu> gpu, const Package &package)
      : gpu_(std::move(gpu)), package_(package) {}
  ~GpuProgram() override;

  Status load();

  const std::string &target() const override { return code_->target(); }
  const rt::Code &code() const override { return *code_; }
  const std::vector<EntryInfo> &entries() const override;
  void *weight(size_t index) const override;
  Result<std::unique_ptr<Queue>> makeQueue() override;

  const std::shared_ptr<Gpu> &gpu() const { return gpu_; }
  std::span<const Kernel> kernels() const { return kernels_; }
  /// Which better code the driver has refused, as a line; usually empty.
  const std::string &note() const { return note_; }

private:
  Status loadTarget(const TargetInfo &target);
  Status checkMemory(const DeviceCode &code) const;
  Status loadImages(std::span<const DeviceCode::Image *const> images);
  Status loadImage(const DeviceCode::Image &image);
  Status findKernels(const DeviceCode &code);

  std::shared_ptr<Gpu> gpu_;
  const Package &package_;
  std::unique_ptr<rt::Code> code_;
  Module module_ = nullptr;
  std::vector<Kernel> kernels_;
  std::string note_;
  MemoryPtr weights_; ///< weights/data as it lies in the file
};

Result<std::shared_ptr<Program>> loadProgram(std::shared_ptr<Gpu> gpu, const Package &package);

/// Copies `source` to the device in pieces, the next one read while one is under
/// way.
Status upload(const std::shared_ptr<Gpu> &gpu, std::span<const std::byte> source, Pointer target);

} // namespace einfall::rt::cuda
#endif
