//===- tokenizer.h - Byte-level BPE from a tokenizer.json ----------------===//
//
// Encodes and decodes as Hugging Face's `tokenizers` library does for the same
// file. Supported: model BPE; normalizer none or NFC; pre-tokenizers ByteLevel,
// Split, Digits and sequences of them; post-processors TemplateProcessing,
// ByteLevel, RobertaProcessing, BertProcessing and sequences with one of them;
// decoder none or ByteLevel. Any other file is refused by name. `truncation`
// and `padding` are not applied, as transformers does not by default either.
//
// Input that is not UTF-8 (encoded surrogates included) is read with U+FFFD for
// each maximal ill-formed part: encode(bytes) equals the library's encoding of
// Python's bytes.decode("utf-8", "replace").
//
// Tokenizers are immutable: any number of threads may share one.
//
//===----------------------------------------------------------------------===//
#ifndef EINFALL_TEXT_TOKENIZER_H
#define EINFALL_TEXT_TOKENIZER_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace einfall::text {

struct TokenizerParts;

class Tokenizer {
public:
  /// Null and a sentence in `error` if the file is malformed or unsupported.
  static std::unique_ptr<Tokenizer> fromJson(std::string_view json, std::string &error);
  ~Tokenizer();

  /// The ids of `utf8`. Special tokens written in the text are recognised
  /// either way; `addSpecial` adds those of the post-processor.
  std::vector<int32_t> encode(std::string_view utf8, bool addSpecial) const;

  /// The text of `ids`; ids that name no token are passed over.
  std::string decode(std::span<const int32_t> ids, bool skipSpecial) const;

  /// The number of distinct tokens, added ones included.
  size_t vocabSize() const;

private:
  friend class StreamDecoder;
  explicit Tokenizer(std::unique_ptr<TokenizerParts> parts);

  std::unique_ptr<TokenizerParts> parts;
};

/// Decodes id by id. The texts of all calls in a row are what decode() gives.
class StreamDecoder {
public:
  /// `tokenizer` must outlive the decoder.
  explicit StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder &&) noexcept;

  /// The text that `id` completes: valid UTF-8, empty while a character is
  /// still open.
  std::string push(int32_t id);
  /// Ends the text: an open character becomes U+FFFD.
  std::string flush();

private:
  struct State;
  std::unique_ptr<State> state;
};

} // namespace einfall::text

#endif
