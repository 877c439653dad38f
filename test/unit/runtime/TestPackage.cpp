//===- TestPackage.cpp - Small packages for the tests ---------------------===//
#include "TestPackage.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <unistd.h>

namespace einfall::test {
namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("einfall-test-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

const char *const kToySource = R"(
typedef long i64;
typedef struct { unsigned v, r;
  void (*launch)(void *, void (*)(const void *, i64, i64), const void *,
                 i64, i64); } services;
typedef struct { const services *s; void *pool; const i64 *sym;
                 void *const *buf; } call;
typedef struct { i64 s, t, c; const i64 *ids, *start; i64 *slots;
                 float *logits; const float *w; } lm;
static void rows(const void *p, i64 begin, i64 end) {
  const lm *f = p;
  for (i64 b = begin; b < end; ++b) {
    i64 *row = f->slots + b * f->c, sum = 0;
    for (i64 i = 0; i < f->s; ++i)
      row[f->t - f->s + i] = f->ids[b * f->s + i];
    for (i64 i = f->start[b]; i < f->t; ++i) sum += row[i];
    for (i64 v = 0; v < 7; ++v)
      f->logits[b * 7 + v] = (v == sum % 7 ? 1.0f : 0.0f) + f->w[1];
  }
}
int einf_entry_next(const call *c) {
  lm f = {c->sym[1], c->sym[2], c->sym[3], c->buf[0], c->buf[1], c->buf[2],
          c->buf[3], c->buf[4]};
  c->s->launch(c->pool, rows, &f, c->sym[0], 1);
  return 0;
}
typedef struct { const float *x, *w; float *y; } vec;
static void times(const void *p, i64 begin, i64 end) {
  const vec *f = p;
  for (i64 i = begin; i < end; ++i) f->y[i] = f->x[i] * f->w[0];
}
static void copy(const void *p, i64 begin, i64 end) {
  const vec *f = p;
  for (i64 i = begin; i < end; ++i) f->y[i] = f->x[i];
}
int einf_entry_scale(const call *c) {
  vec a = {c->buf[0], c->buf[3], c->buf[2]}, b = {c->buf[2], 0, c->buf[1]};
  c->s->launch(c->pool, times, &a, c->sym[0], 8);
  c->s->launch(c->pool, copy, &b, c->sym[0], 8);
  return 0;
}
)";

using namespace rt;

BufferInfo buffer(const char *name, BufferKind kind, DType dtype, std::vector<Extent> shape) {
  BufferInfo info;
  info.name = name;
  info.kind = kind;
  info.dtype = dtype;
  info.shape = std::move(shape);
  return info;
}

EntryInfo nextEntry() {
  Extent b = Extent::symbol(0), s = Extent::symbol(1), c = Extent::symbol(3);
  EntryInfo entry;
  entry.name = "next";
  entry.symbols = {{"b", SymbolSource::InputDim, 0, 0},
                   {"s", SymbolSource::InputDim, 0, 1},
                   {"t", SymbolSource::Param},
                   {"c", SymbolSource::Bound}};
  entry.buffers = {buffer("ids", BufferKind::Input, DType::I64, {b, s}),
                   buffer("start", BufferKind::Input, DType::I64, {b}),
                   buffer("slots", BufferKind::State, DType::I64, {b, c}),
                   buffer("logits", BufferKind::Output, DType::F32, {b, Extent::constant(7)}),
                   buffer("w", BufferKind::Weight, DType::F32, {Extent::constant(2)})};
  entry.buffers[0].hasRange = true;
  entry.buffers[0].hi = 7;
  return entry;
}

EntryInfo scaleEntry() {
  Extent n = Extent::symbol(0);
  EntryInfo entry;
  entry.name = "scale";
  entry.symbols = {{"n", SymbolSource::InputDim, 0, 0}};
  entry.buffers = {buffer("x", BufferKind::Input, DType::F32, {n}),
                   buffer("y", BufferKind::Output, DType::F32, {n}),
                   buffer("tmp", BufferKind::Temporary, DType::F32, {n}),
                   buffer("w", BufferKind::Weight, DType::F32, {Extent::constant(2)})};
  entry.buffers[2].byteSize = Extent::binary(ExtentOp::Mul, n, Extent::constant(4));
  entry.buffers[2].lastStep = 1;
  entry.steps = {{"times", "toy.py:7", {0, 3, 2}, n}, {"copy", "", {2, 1}, n}};
  return entry;
}

package::WeightProducer producer(std::string data) {
  return [data](uint64_t offset, std::span<std::byte> out, std::string &) {
    std::memcpy(out.data(), data.data() + offset, out.size());
    return true;
  };
}

} // namespace

std::string temporaryPath(const std::string &name) {
  static Folder folder;
  return (folder.path / name).string();
}

std::string readFile(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

void writeFile(const std::string &path, const std::string &content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

std::string compile(const std::string &source, const std::string &flags) {
  std::string c = temporaryPath("code.c"), so = temporaryPath("code.so");
  writeFile(c, source);
  std::string command = std::string(EINFALL_TEST_CC) +
                        " -w -O1 -ffreestanding -fno-builtin -fPIC -shared "
                        "-nostdlib -fuse-ld=lld -Wl,-z,norelro -Wl,-s " +
                        flags + " -o " + so + " " + c;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  return readFile(so);
}

package::PackageSpec toySpec() {
  static const std::string code = compile(kToySource);
  package::PackageSpec spec;
  Manifest &m = spec.manifest;
  m.compilerBuildId = "test";
  m.modelKind = "causal-lm";
  m.metadata = {{"eos_token_ids", "6,5"}, {"vocab_size", "7"}};
#if defined(__x86_64__)
  m.targets = {{"any", "x86_64", {"sse2"}, 0}};
#else
  m.targets = {{"any", "aarch64", {"neon"}, 0}};
#endif
  spec.code = {code};
  m.bounds = {"b", "c"};
  m.states = {{"slots", DType::I64, {Extent::symbol(0), Extent::symbol(1)}}};
  WeightInfo w, odd;
  w.name = "w";
  w.shape = {2};
  w.size = 8;
  odd.name = "odd";
  odd.dtype = DType::U8;
  odd.shape = {100};
  odd.size = 100;
  m.weights = {w, odd};
  float values[2] = {3.0f, 0.0f};
  spec.weights = {producer({reinterpret_cast<const char *>(values), sizeof values}),
                  producer(std::string(100, 'x'))};
  m.entries = {nextEntry(), scaleEntry()};
  spec.configJson = "{\"toy\": true}";
  return spec;
}

const std::string &toyPackage() {
  static const std::string path = [] {
    std::string path = temporaryPath("toy.einf");
    Status status = package::writePackage(toySpec(), path);
    EXPECT_TRUE(status.ok()) << status.message();
    return path;
  }();
  return path;
}

std::shared_ptr<Package> openToy() {
  auto package = Package::open(toyPackage());
  EXPECT_TRUE(package.ok()) << package.status().message();
  return package ? *package : nullptr;
}

} // namespace einfall::test
