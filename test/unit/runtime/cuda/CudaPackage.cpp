//===- CudaPackage.cpp - The toy package with code for a GPU, too ---------===//
#include "CudaPackage.h"

#include <cstring>
#include <gtest/gtest.h>

namespace einfall::test {
namespace {

const char *const kHostSource = R"(
typedef long i64;
typedef struct { unsigned v, r; void *launch;
  void (*launch_device)(void *, unsigned, const void *, unsigned long, i64);
  void (*copy_device)(void *, const void *, void *, i64); } services;
typedef struct { const services *s; void *pool; const i64 *sym;
                 void *const *buf; } call;
int einf_entry_next(const call *c) {
  i64 b = c->sym[0], s = c->sym[1], t = c->sym[2], n = c->sym[3];
  if (t < s) return 1;
  i64 store[] = {(i64)c->buf[0], (i64)c->buf[2], s, t, n};
  c->s->launch_device(c->pool, 1, store, sizeof store, b);
  i64 logits[] = {(i64)c->buf[1], (i64)c->buf[2], (i64)c->buf[4], (i64)c->buf[3], t, n};
  c->s->launch_device(c->pool, 2, logits, sizeof logits, b);
  return 0;
}
int einf_entry_scale(const call *c) {
  i64 n = c->sym[0];
  i64 times[] = {(i64)c->buf[0], (i64)c->buf[3], (i64)c->buf[2], n};
  c->s->launch_device(c->pool, 0, times, sizeof times, (n + 31) / 32);
  c->s->copy_device(c->pool, c->buf[2], c->buf[1], 4 * n);
  return 0;
}
)";

template <typename T> void put(std::string &bytes, const T &value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

/// The blob as a C array.
std::string asSource(const std::string &blob) {
  std::string text = "const unsigned char einf_device_code[] = {";
  for (unsigned char byte : blob)
    text += std::to_string(byte) + ",";
  return text + "};\n";
}

} // namespace

std::string deviceBlob(const std::vector<BlobKernel> &kernels,
                       const std::vector<BlobImage> &images) {
  einf_device_header header = {};
  std::memcpy(header.magic, EINF_DEVICE_MAGIC, EINF_DEVICE_MAGIC_SIZE);
  header.kernel_count = uint32_t(kernels.size());
  header.image_count = uint32_t(images.size());
  uint64_t start = sizeof header + kernels.size() * sizeof(einf_device_kernel) +
                   images.size() * sizeof(einf_device_image);
  std::string tables, data;
  auto append = [&](const std::string &bytes) {
    data += bytes;
    return start + data.size() - bytes.size();
  };
  for (const BlobKernel &kernel : kernels) {
    auto name = uint32_t(append(kernel.name)), source = uint32_t(append(kernel.source));
    put(tables,
        einf_device_kernel{name, uint32_t(kernel.name.size()), source,
                           uint32_t(kernel.source.size()), kernel.threads, kernel.sharedBytes});
  }
  for (const BlobImage &image : images)
    put(tables,
        einf_device_image{image.kind, image.capability, append(image.bytes), image.bytes.size()});
  header.size = start + data.size();
  std::string blob;
  put(blob, header);
  return blob + tables + data;
}

std::string toyText() { return readFile(EINFALL_TEST_PTX) + '\0'; }

std::vector<BlobKernel> toyKernels() {
  return {{"times", "toy.py:7"}, {"store", "toy.py:11"}, {"logits", "toy.py:12"}};
}

package::PackageSpec cudaSpec(const std::string &blob) {
  package::PackageSpec spec = toySpec();
  rt::TargetInfo target = spec.manifest.targets[0];
  target.name = "sm_80";
  target.device = "cuda";
  spec.manifest.targets.push_back(target);
  spec.manifest.metadata.insert(spec.manifest.metadata.begin(), {"assume.next.1", "t - s"});
  spec.code.push_back(compile(kHostSource + asSource(blob)));
  return spec;
}

std::shared_ptr<rt::Package> openSpec(package::PackageSpec spec, const std::string &name) {
  std::string path = temporaryPath(name);
  rt::Status status = package::writePackage(std::move(spec), path);
  EXPECT_TRUE(status.ok()) << status.message();
  auto package = rt::Package::open(path);
  EXPECT_TRUE(package.ok()) << package.status().message();
  return package ? *package : nullptr;
}

const std::string &cudaPackage() {
  static const std::string path = [] {
    auto package = openSpec(cudaSpec(deviceBlob(toyKernels(), {{EINF_IMAGE_PTX, 80, toyText()}})),
                            "cuda.einf");
    return package->path();
  }();
  return path;
}

} // namespace einfall::test
