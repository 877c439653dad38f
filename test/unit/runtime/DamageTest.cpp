// Truncation at every length, a change of every byte, random changes; and
// manifests that lie under a digest that holds. To mean the most, run under
// AddressSanitizer and UBSan.
#include "TestPackage.h"
#include "core/Session.h"
#include "einfall/format.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

using namespace einfall;
using namespace einfall::rt;

static Status openBytes(const std::string &bytes, bool verify) {
  std::string path = test::temporaryPath("mutant.einf");
  test::writeFile(path, bytes);
  auto package = Package::open(path);
  if (!package)
    return package.status();
  return verify ? (*package)->verify() : Status();
}

TEST(Damage, EveryTruncationIsAnError) {
  std::string bytes = test::readFile(test::toyPackage());
  for (size_t n = 0; n < bytes.size(); ++n)
    ASSERT_FALSE(openBytes(bytes.substr(0, n), false).ok()) << n;
  ASSERT_FALSE(openBytes(bytes + "x", false).ok());
}

TEST(Damage, EveryChangedByteIsAnError) {
  std::string bytes = test::readFile(test::toyPackage());
  std::mt19937 random(3);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string copy = bytes;
    copy[i] = char(copy[i] ^ (1 << random() % 8));
    Status status = openBytes(copy, true);
    ASSERT_FALSE(status.ok()) << "byte " << i;
    ASSERT_FALSE(status.message().empty());
  }
}

/// `bytes` with one to four random edits.
static std::string mutated(std::string bytes, std::mt19937 &random) {
  for (unsigned edits = 1 + random() % 4; edits && !bytes.empty(); --edits) {
    size_t at = random() % bytes.size();
    switch (random() % 6) {
    case 0:
      bytes.erase(at, 1 + random() % 100);
      break;
    case 1:
      bytes.insert(at, 1 + random() % 100, char(random()));
      break;
    case 2: // a size or an offset at its limit
      bytes.replace(at, 4, random() % 2 ? "\xff\xff\xff\xff" : "\xff\xff\xff\x7f");
      break;
    case 3: // a block in the wrong place
      bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 300));
      break;
    case 4:
      bytes.resize(at);
      break;
    default:
      for (int i = 0; i < 8; ++i)
        bytes[random() % bytes.size()] = char(random());
    }
  }
  return bytes;
}

TEST(Damage, RandomMutationsAreErrors) {
  std::string bytes = test::readFile(test::toyPackage());
  std::mt19937 random(4);
  for (int trial = 0; trial < 12000; ++trial) {
    std::string copy = mutated(bytes, random);
    if (copy != bytes) {
      ASSERT_FALSE(openBytes(copy, true).ok()) << trial;
    }
  }
}

/// The package with another manifest.bin, all checksums and the digest right.
static std::string sealed(const std::string &bytes, std::string manifest) {
  auto chars = std::span<const char>(bytes);
  auto entries = parseArchive(std::as_bytes(chars));
  EXPECT_TRUE(entries.ok());
  std::vector<ArchiveEntry> old = *entries;
  entries->front().size = manifest.size();
  entries->front().crc = crc32(0, std::as_bytes(std::span<const char>(manifest)));
  EXPECT_TRUE(placeEntries(*entries).ok());
  std::string out;
  Digest digest;
  for (size_t i = 0; i < old.size(); ++i) {
    const ArchiveEntry &entry = (*entries)[i];
    out += localHeader(entry);
    bool weights = i + 1 == old.size();
    if (weights)
      digest.update(out.data(), out.size());
    out += i ? bytes.substr(old[i].offset, old[i].size) : manifest;
  }
  std::string tail = archiveTail(*entries, std::string(kDigestDigits, '0'));
  tail.resize(tail.size() - kDigestDigits);
  digest.update(tail.data(), tail.size());
  return out + tail + digest.hex();
}

/// Goes as far as a user does before the first call.
static Status openAll(const std::string &bytes) {
  std::string path = test::temporaryPath("lying.einf");
  test::writeFile(path, bytes);
  auto package = Package::open(path);
  if (!package)
    return package.status();
  EINF_TRY((*package)->verify());
  std::vector<Binding> bounds;
  for (const std::string &name : (*package)->manifest().bounds)
    bounds.push_back({name, 4});
  auto session = Session::open(*package, bounds);
  if (!session)
    return session.status();
  std::vector<int64_t> shape;
  for (const EntryInfo &entry : (*package)->manifest().entries)
    (void)(*session)->outputShape(entry.name, {}, {}, 0, shape).ok();
  return {};
}

TEST(Damage, ManifestsThatLieNeverCrash) {
  std::string bytes = test::readFile(test::toyPackage());
  auto entries = parseArchive(std::as_bytes(std::span<const char>(bytes)));
  ASSERT_TRUE(entries.ok());
  std::string manifest = bytes.substr(entries->front().offset, entries->front().size);
  ASSERT_EQ(sealed(bytes, manifest), bytes);
  ASSERT_TRUE(openAll(bytes).ok());
  std::mt19937 random(5);
  int refused = 0;
  for (size_t i = 0; i < manifest.size(); ++i) {
    std::string copy = manifest;
    copy[i] = char(copy[i] ^ (1 << random() % 8));
    refused += !openAll(sealed(bytes, copy)).ok();
  }
  for (int trial = 0; trial < 4000; ++trial)
    refused += !openAll(sealed(bytes, mutated(manifest, random))).ok();
  EXPECT_GT(refused, 3000);
}

TEST(Damage, ForeignFilesAndVersionsAreNamed) {
  EXPECT_NE(openBytes("", false).message().find("empty"), std::string::npos);
  EXPECT_NE(
      openBytes("hello world, this is no package", false).message().find("not an einfall package"),
      std::string::npos);
  std::string bytes = test::readFile(test::toyPackage());
  bytes[64 + 8] = 9;
  EXPECT_NE(openBytes(bytes, false).message().find("format version 9"), std::string::npos);
  EXPECT_FALSE(Package::open("/nonexistent/x.einf").ok());
  EXPECT_FALSE(Package::open("/tmp").ok());
}
