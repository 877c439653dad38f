//===- DeviceCode.cpp - Kernels of a device as host code carries them -----===//
#include "lib/Driver/DeviceCode.h"
#include "codegen/cpu/Object.h"
#include "codegen/nvptx/Ptx.h"
#include "codegen/nvptx/Threads.h"
#include "einfall/device.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <cstring>

using namespace mlir;

namespace einfall {

FailureOr<std::string> makeKernel(ModuleOp module, const GpuTarget &target) {
  auto kernels = module.getOps<LLVM::LLVMFuncOp>();
  FailureOr<std::string> text = nvptx::emitPtx(module, target);
  if (failed(text))
    return failure();
  for (LLVM::LLVMFuncOp kernel : kernels)
    if (auto threads = kernel->getAttrOfType<IntegerAttr>(nvptx::kThreads)) {
      auto shared = kernel->getAttrOfType<IntegerAttr>(nvptx::kShared);
      return "// " + std::to_string(threads.getInt()) + " threads, " +
             std::to_string(shared.getInt()) + " bytes of shared memory\n" + *text;
    }
  return emitError(module.getLoc()) << "there is no kernel to write";
}

namespace {

/// Bytes that end on boundaries of 8.
class Blob {
public:
  uint64_t add(StringRef text) {
    uint64_t at = bytes.size();
    bytes += text;
    bytes.resize((bytes.size() + 7) / 8 * 8);
    return at;
  }
  template <typename T> void put(uint64_t at, const T &value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  uint64_t reserve(uint64_t count) {
    bytes.resize(bytes.size() + count);
    return bytes.size() - count;
  }
  std::string bytes;
};

/// What makeKernel wrote on the first line.
void readSizes(StringRef text, einf_device_kernel &kernel) {
  text.consume_front("// ");
  text.consumeInteger(10, kernel.threads);
  text.consume_front(" threads, ");
  text.consumeInteger(10, kernel.shared_bytes);
}

/// The machine code of `ptx`, if there is an assembler. By itself it leaves registers
/// for a second block of a multiprocessor; a kernel that then keeps values in memory gets
/// all of them, which is written into `ptx`.
FailureOr<std::optional<std::string>> makeMachineCode(Location loc, std::string &ptx,
                                                      ArrayRef<DeviceKernel> kernels,
                                                      const GpuTarget &target) {
  FailureOr<std::optional<nvptx::Assembled>> made = nvptx::assemble(loc, ptx, target);
  if (succeeded(made) && *made && !(*made)->spilled.empty()) {
    ptx = nvptx::giveAllRegisters(ptx, (*made)->spilled);
    made = nvptx::assemble(loc, ptx, target);
  }
  if (failed(made))
    return failure();
  if (!*made)
    return std::optional<std::string>();
  for (const DeviceKernel &kernel : kernels)
    if (auto spill = (*made)->spilled.find(kernel.name); spill != (*made)->spilled.end())
      emitWarning(kernel.loc) << "kernel '" << kernel.title << "' keeps " << spill->second
                              << " bytes of each thread's values in memory, for lack of registers "
                              << "of " << target.name;
  return std::optional<std::string>(std::move((*made)->code));
}

FailureOr<std::string> makeBlob(Location loc, ArrayRef<DeviceKernel> kernels,
                                const GpuTarget &target) {
  std::vector<std::string> texts;
  for (const DeviceKernel &kernel : kernels)
    texts.push_back(kernel.text);
  std::string ptx = nvptx::joinPtx(texts);
  FailureOr<std::optional<std::string>> code = std::optional<std::string>();
  if (!kernels.empty())
    code = makeMachineCode(loc, ptx, kernels, target);
  if (failed(code))
    return failure();
  uint32_t capability = target.capability | (target.ownChip ? EINF_CAPABILITY_EXACT : 0);
  std::vector<std::pair<uint32_t, std::string>> images;
  if (*code)
    images.emplace_back(EINF_IMAGE_CUBIN, **code);
  images.emplace_back(EINF_IMAGE_PTX, ptx + '\0');
  Blob blob;
  blob.reserve(sizeof(einf_device_header));
  uint64_t kernelTable = blob.reserve(sizeof(einf_device_kernel) * kernels.size());
  uint64_t imageTable = blob.reserve(sizeof(einf_device_image) * images.size());
  for (auto [i, kernel] : llvm::enumerate(kernels)) {
    einf_device_kernel entry = {};
    readSizes(kernel.text, entry);
    entry.name_offset = blob.add(kernel.name);
    entry.name_size = kernel.name.size();
    entry.source_offset = blob.add(kernel.source);
    entry.source_size = kernel.source.size();
    blob.put(kernelTable + i * sizeof entry, entry);
  }
  for (auto [i, image] : llvm::enumerate(images)) {
    einf_device_image entry = {image.first, capability, blob.add(image.second),
                               image.second.size()};
    blob.put(imageTable + i * sizeof entry, entry);
  }
  einf_device_header header = {};
  std::memcpy(header.magic, EINF_DEVICE_MAGIC, EINF_DEVICE_MAGIC_SIZE);
  header.kernel_count = kernels.size();
  header.image_count = images.size();
  header.size = blob.bytes.size();
  blob.put(0, header);
  return blob.bytes;
}

} // namespace

FailureOr<std::string> makeDeviceObject(Location loc, ArrayRef<DeviceKernel> kernels,
                                        const Target &target) {
  FailureOr<std::string> blob = makeBlob(loc, kernels, *target.gpu);
  if (failed(blob))
    return failure();
  loc->getContext()->loadDialect<LLVM::LLVMDialect>();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder builder(module->getBodyRegion());
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), blob->size());
  LLVM::GlobalOp::create(builder, loc, type, /*isConstant=*/true, LLVM::Linkage::External,
                         EINF_DEVICE_SYMBOL, builder.getStringAttr(*blob), /*alignment=*/64);
  SmallVector<char> object;
  if (failed(cpu::emitObject(*module, *target.cpu, /*assembly=*/false, object)))
    return failure();
  return std::string(object.begin(), object.end());
}

} // namespace einfall
