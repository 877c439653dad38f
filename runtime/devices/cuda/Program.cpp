//===- Program.cpp - A package's kernels and weights on a GPU -------------===//
#include "Program.h"
#include "Memory.h"
#include "Queue.h"
#include "core/Cpu.h"
#include "core/Elf.h"
#include "core/Package.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace einfall::rt::cuda {
namespace {

constexpr std::string_view kDevice = "cuda";
/// Dynamic shared memory that a kernel may have without asking.
constexpr unsigned kPlainShared = 48 << 10;

/// Targets of CUDA, the preferred first.
std::vector<const TargetInfo *> candidates(const Manifest &manifest) {
  std::vector<const TargetInfo *> list;
  for (const TargetInfo &target : manifest.targets)
    if (target.device == kDevice)
      list.push_back(&target);
  std::ranges::sort(list, [](const TargetInfo *a, const TargetInfo *b) {
    return a->priority != b->priority ? a->priority > b->priority : a < b;
  });
  return list;
}

std::string targetNames(const Manifest &manifest) {
  std::string text;
  for (const TargetInfo &target : manifest.targets)
    text += (text.empty() ? "" : ", ") + target.name;
  return text;
}

Status unsupported(std::string message) { return {StatusCode::Unsupported, std::move(message)}; }

} // namespace

Result<std::shared_ptr<Program>> loadProgram(std::shared_ptr<Gpu> gpu, const Package &package) {
  auto program = std::make_shared<GpuProgram>(std::move(gpu), package);
  if (Status status = program->load(); !status.ok())
    return Status(status.code(), package.path() + ": " + status.message());
  return std::shared_ptr<Program>(std::move(program));
}

GpuProgram::~GpuProgram() {
  Current current(*gpu_);
  if (module_)
    gpu_->driver().moduleUnload(module_);
}

const std::vector<EntryInfo> &GpuProgram::entries() const {
  return package_.manifest().entriesOf(target());
}

void *GpuProgram::weight(size_t index) const {
  return weights_->data() + package_.manifest().weights[index].offset;
}

Result<std::unique_ptr<Queue>> GpuProgram::makeQueue() { return openQueue(shared_from_this()); }

Status GpuProgram::load() {
  const Manifest &manifest = package_.manifest();
  std::vector<const TargetInfo *> list = candidates(manifest);
  if (list.empty())
    return unsupported("the package holds no code for cuda; its targets are " +
                       targetNames(manifest) + ": compile it for the GPU, too");
  std::string refused;
  for (const TargetInfo *target : list) {
    Status status = loadTarget(*target);
    if (status.code() == StatusCode::Unsupported) {
      refused += (refused.empty() ? "" : "; ") + target->name + " " + status.message();
      continue;
    }
    EINF_TRY(std::move(status));
    if (!refused.empty())
      note_ = "target " + target->name + " is used, since " + refused + "\n" + note_;
    std::span<const std::byte> data = package_.file(kWeightsData);
    Result<MemoryPtr> memory = allocateBlock(gpu_, data.size(), "the weights");
    if (!memory)
      return memory.status();
    weights_ = std::move(*memory);
    return upload(gpu_, data, toPointer(weights_->data()));
  }
  return unsupported("no target of the package runs on " + gpu_->name() + ": " + refused);
}

/// Unsupported if another target may do.
Status GpuProgram::loadTarget(const TargetInfo &target) {
  Result<CpuReport> cpu = effectiveCpu();
  if (!cpu)
    return cpu.status();
  if (std::string lack = lackOf(target, *cpu); !lack.empty())
    return unsupported("has host code that " + lack);
  std::span<const std::byte> image = package_.file("code/" + target.name + ".so");
  Result<std::unique_ptr<rt::Code>> host =
      rt::Code::load(image, target, package_.manifest().entriesOf(target.name));
  if (!host)
    return host.status();
  std::optional<std::span<const std::byte>> blob = findData(image, EINF_DEVICE_SYMBOL);
  if (!blob)
    return badPackage("target '" + target.name + "' carries no device code");
  Result<DeviceCode> code = parseDeviceCode(*blob);
  if (!code)
    return badPackage("target '" + target.name + "': " + code.status().message());
  std::vector<const DeviceCode::Image *> images = code->pick(gpu_->capability());
  if (images.empty())
    return unsupported("is for " + code->imageNames() + ", but " + gpu_->model() + " is sm_" +
                       std::to_string(gpu_->capability()));
  EINF_TRY(checkMemory(*code));
  if (!code->kernels.empty()) { // entries that only copy have none
    EINF_TRY(loadImages(images));
    EINF_TRY(findKernels(*code));
  }
  code_ = std::move(*host);
  return {};
}

/// Runs before anything is loaded. An image is picked by the card's capability, which does not say
/// how much shared memory a block may have: 8.6 grants less than 8.0 does.
Status GpuProgram::checkMemory(const DeviceCode &code) const {
  auto most = std::ranges::max_element(code.kernels, {}, &DeviceCode::Kernel::sharedBytes);
  if (most == code.kernels.end() || most->sharedBytes <= gpu_->sharedBytes())
    return {};
  auto kilobytes = [](unsigned bytes) { return std::to_string((bytes + 1023) / 1024); };
  return unsupported("needs " + kilobytes(most->sharedBytes) + " KiB of shared memory a block (" +
                     most->title() + "), but " + gpu_->model() + " has " +
                     kilobytes(gpu_->sharedBytes()));
}

/// A driver may refuse machine code that another version of the assembler has
/// made, and compile the text that stands beside it.
Status GpuProgram::loadImages(std::span<const DeviceCode::Image *const> images) {
  std::string refused;
  for (const DeviceCode::Image *image : images) {
    Status status = loadImage(*image);
    if (status.code() != StatusCode::Unsupported) {
      if (status.ok() && !refused.empty())
        note_ =
            image->name() + " is used, since the driver refuses better code (" + refused + ")\n";
      return status;
    }
    refused += (refused.empty() ? "" : "; ") + image->name() + ": " + status.message();
  }
  return unsupported("is refused by the driver (" + refused + ")");
}

/// The driver compiles text here; it keeps the result in a cache of its own.
/// Unsupported if another image may do.
Status GpuProgram::loadImage(const DeviceCode::Image &image) {
  char log[2048] = "";
  int names[] = {kJitErrorLog, kJitErrorLogSize};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  // The driver wants machine code aligned, and in the blob it may not be.
  std::vector<std::max_align_t> aligned(image.bytes.size() / sizeof(std::max_align_t) + 1);
  std::memcpy(aligned.data(), image.bytes.data(), image.bytes.size());
  Current current(*gpu_);
  Code code = current.code;
  if (code == 0)
    code = gpu_->driver().moduleLoad(&module_, aligned.data(), 2, names, values);
  if (code == 0)
    return {};
  if (code == kOutOfMemory || isFatal(code))
    return gpu_->failure("load the kernels", code);
  std::string first(log);
  first = first.substr(0, first.find('\n'));
  return unsupported(gpu_->driver().failure("load it", code).message() +
                     (first.empty() ? "" : ": " + first));
}

Status GpuProgram::findKernels(const DeviceCode &code) {
  Current current(*gpu_);
  const Driver &driver = gpu_->driver();
  for (const DeviceCode::Kernel &source : code.kernels) {
    Kernel kernel = {nullptr, source.threads, source.sharedBytes, source.name, source.source};
    Code failed = driver.moduleFunction(&kernel.function, module_, source.name.c_str());
    if (failed == 0 && source.sharedBytes > kPlainShared)
      failed = driver.functionSet(kernel.function, kFunctionDynamicShared, int(source.sharedBytes));
    if (failed != 0)
      return gpu_->failure("set up " + source.title() + " with " +
                               std::to_string(source.sharedBytes) + " bytes of shared memory",
                           failed);
    kernels_.push_back(std::move(kernel));
  }
  return {};
}

} // namespace einfall::rt::cuda
