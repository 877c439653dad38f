//===- tokenizer.cpp - Byte-level BPE from a tokenizer.json --------------===//

#include "tokenizer.h"

#include "parts.h"
#include "utf8.h"

namespace einfall::text {

namespace {

/// Encodes words into `ids`. A word seen before in this text is copied from
/// where its ids stand already: no state is shared between calls.
class WordEncoder {
public:
  WordEncoder(const BpeModel &model, std::vector<int32_t> &ids) : model(model), ids(ids) {}

  void encode(const Piece &word) {
    if (word.text.size() > longestKept) {
      model.tokenize(word.text, word.bytes, ids);
      return;
    }
    auto [it, isNew] = seen.try_emplace(word.text, ids.size(), 0);
    auto &[begin, count] = it->second;
    if (isNew) {
      model.tokenize(word.text, word.bytes, ids);
      count = ids.size() - begin;
      return;
    }
    for (size_t i = 0; i < count; ++i) {
      int32_t id = ids[begin + i];
      ids.push_back(id);
    }
  }

private:
  static constexpr size_t longestKept = 256;

  const BpeModel &model;
  std::vector<int32_t> &ids;
  std::unordered_map<std::string, std::pair<size_t, size_t>> seen;
};

} // namespace

Tokenizer::Tokenizer(std::unique_ptr<TokenizerParts> parts) : parts(std::move(parts)) {}

Tokenizer::~Tokenizer() = default;

std::unique_ptr<Tokenizer> Tokenizer::fromJson(std::string_view json, std::string &error) {
  auto parts = std::make_unique<TokenizerParts>();
  if (!loadParts(json, *parts, error))
    return nullptr;
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(parts)));
}

std::vector<int32_t> Tokenizer::encode(std::string_view utf8, bool addSpecial) const {
  std::vector<Piece> pieces = parts->added.extract(repairUtf8(utf8), parts->nfc);
  parts->preTokenizer.run(pieces);
  std::vector<int32_t> text;
  WordEncoder words(parts->model, text);
  for (const Piece &piece : pieces) {
    if (piece.added)
      text.push_back(*piece.added);
    else
      words.encode(piece);
  }
  std::vector<int32_t> ids;
  for (const TemplatePart &part : parts->postProcessor) {
    const std::vector<int32_t> &source = part.isText ? text : part.ids;
    if (part.isText || addSpecial)
      ids.insert(ids.end(), source.begin(), source.end());
  }
  return ids;
}

std::string Tokenizer::decode(std::span<const int32_t> ids, bool skipSpecial) const {
  StreamDecoder decoder(*this, skipSpecial);
  std::string out;
  for (int32_t id : ids)
    out += decoder.push(id);
  out += decoder.flush();
  return out;
}

size_t Tokenizer::vocabSize() const {
  return parts->model.vocabSize() + parts->added.extraSize(parts->model);
}

struct StreamDecoder::State {
  const TokenizerParts &parts;
  bool skipSpecial;
  bool first = true;
  LossyUtf8 utf8;
};

StreamDecoder::StreamDecoder(const Tokenizer &tokenizer, bool skipSpecial)
    : state(new State{*tokenizer.parts, skipSpecial, true, {}}) {}

StreamDecoder::~StreamDecoder() = default;
StreamDecoder::StreamDecoder(StreamDecoder &&) noexcept = default;

std::string StreamDecoder::push(int32_t id) {
  std::string out;
  const TokenizerParts &parts = state->parts;
  const std::string *token = parts.tokenOf(id);
  if (!token || (state->skipSpecial && parts.added.isSpecial(*token)))
    return out;
  if (parts.decoder == DecoderKind::SpaceJoined && !state->first)
    out += ' ';
  state->first = false;
  if (parts.decoder == DecoderKind::ByteLevel)
    state->utf8.push(fromByteAlphabet(*token), out);
  else
    out += *token;
  return out;
}

std::string StreamDecoder::flush() {
  std::string out;
  state->utf8.flush(out);
  state->first = true;
  return out;
}

} // namespace einfall::text
